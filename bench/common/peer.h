// What every server written in C has in common: its arguments, its listener, its first line
// of output and how it ends. Peers differ only in how they move bytes.
#ifndef BENCH_PEER_H
#define BENCH_PEER_H

#include <stddef.h>

#include "address.h"

struct peer {
    int listener;          // non-blocking, listening
    size_t buffer_size;    // bytes asked for in one receive
    size_t each;           // an echo sends back so many bytes at once at most; 0: what it received
    size_t pipe;           // a forwarder splices through pipes of so many bytes; 0: it copies
    struct address target; // where a forwarder connects to
};

// Reads `--listen HOST:PORT`, `--buffer BYTES` and `--each BYTES`, listens, prints "listening
// on HOST:PORT" and arranges for SIGTERM to end the process with exit code 0. A connection that
// is lost is told by the call that fails: SIGPIPE is ignored, because not every library asks
// for that. Wrong usage exits 2, a listener that cannot be had exits 1.
struct peer peer_start(int argc, char **argv);

// The same for a forwarder: wants `--connect HOST:PORT` too, and reads `--pipe BYTES`.
struct peer peer_start_forwarder(int argc, char **argv);

// The same in two steps, for one that may find later that it cannot serve, and wants a receive
// buffer of another size where none was asked for.
struct peer peer_open(int argc, char **argv, size_t default_buffer);
void peer_announce(const struct peer *peer);

// Says what failed, with errno, and exits 1.
_Noreturn void peer_fail(const char *what);

#endif
