#ifndef LOADGEN_REPORT_H
#define LOADGEN_REPORT_H

#include "run.h"

// The run as one JSON object on standard output.
void report_print(const struct run *run);

#endif
