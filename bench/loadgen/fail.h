#ifndef LOADGEN_FAIL_H
#define LOADGEN_FAIL_H

// One line on standard error, exit code 1. A result that cannot be trusted is not printed.
_Noreturn void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
