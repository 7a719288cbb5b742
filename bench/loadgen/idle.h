// Connections that say one byte, get it back, and are silent from then on: what they cost the
// server in memory, and what they cost the messages of the others.
#ifndef LOADGEN_IDLE_H
#define LOADGEN_IDLE_H

#include <stdint.h>

struct far_pair;
struct options;
struct run;

struct idle {
    struct far_pair *pairs; // the far one is -1 where there is no forwarder
    uint32_t count;
    uint64_t resident_before; // bytes, of the server
    uint64_t resident_with;
    double cost_before; // the server's CPU nanoseconds per message, without them
    double cost_after;
};

// Connects so many, and watches them: one that ends, or gets anything, ends the run.
void idle_open(struct run *run);

// Ends them by a reset, which leaves no connection waiting for its time to pass. Through a
// forwarder it ends their streams: what came of a reset nobody would see, and a forwarder would be
// busy with them while others are measured.
void idle_close(struct run *run);

// Whether an event is that of an idle connection, which has none.
void idle_refuse(const void *subject);

#endif
