// What the command line asks for.
#ifndef LOADGEN_OPTIONS_H
#define LOADGEN_OPTIONS_H

#include <stdint.h>
#include <sys/types.h>

#include "address.h"

struct workload;

struct options {
    struct address server;
    struct address served; // where a forwarder connects to; length 0: nowhere
    const struct workload *workload;
    uint32_t connections;
    uint32_t size;     // bytes in a message, or in a line
    uint64_t total;    // bytes in an upload
    uint32_t idle;     // connections beside them that do nothing
    uint32_t depth;    // messages in flight on a connection
    double warmup;     // seconds before the measured window
    double duration;   // seconds of the measured window, unless messages says otherwise
    uint64_t messages; // messages in the measured window; 0: go by duration
    pid_t server_pid;  // 0: unknown
};

// Wrong usage names the option and exits 2.
struct options options_parse(int argc, char **argv);

#endif
