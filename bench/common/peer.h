// What every server written in C has in common: its arguments, its listener, its first line
// of output and how it ends. Peers differ only in how they move bytes.
#ifndef BENCH_PEER_H
#define BENCH_PEER_H

#include <stddef.h>

struct peer {
    int listener;       // non-blocking, listening
    size_t buffer_size; // bytes asked for in one receive
};

// Reads `--listen HOST:PORT` and `--buffer BYTES`, listens, prints "listening on HOST:PORT"
// and arranges for SIGTERM to end the process with exit code 0. Wrong usage exits 2, a
// listener that cannot be had exits 1.
struct peer peer_start(int argc, char **argv);

// Says what failed, with errno, and exits 1.
_Noreturn void peer_fail(const char *what);

#endif
