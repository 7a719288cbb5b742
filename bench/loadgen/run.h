// One run: connect, warm up, measure, and wait until everything that was sent has come back.
#ifndef LOADGEN_RUN_H
#define LOADGEN_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "histogram.h"
#include "idle.h"
#include "options.h"
#include "workload.h"

enum phase { WARMING, MEASURING, DRAINING };

// Where time and CPU time stood at an edge of the measured window.
struct instant {
    uint64_t now;
    uint64_t own_cpu;
    uint64_t own_waited;
    uint64_t server_cpu;
    uint64_t server_waited;
};

struct connection {
    int fd;
    uint32_t index;
    bool wants_write;
    bool far;                 // made by a forwarder, not by us
    struct connection *other; // where ends are in pairs: the other of the two
};

// What was measured, and when.
struct window {
    uint64_t messages;
    struct instant begin;
    struct instant end;
    struct histogram latency;
};

struct run {
    const struct options *options;
    enum phase phase;
    int poller;
    struct connection listener; // where a forwarder connects to; its fd is -1 without one
    char *connections;          // ends times workload->connection_size; far ends come after the others
    uint32_t ends;              // options->connections, or twice as many where there are pairs
    char *buffer;               // PATTERN_CHUNK bytes to receive into, one for all connections
    uint64_t message_bytes;
    struct window window;
    struct idle idle; // only with options->idle
};

// Everything, from the first connect to the last byte. Does not return when a byte was wrong
// or missing.
void run_all(struct run *run, const struct options *options);

// For workloads: the connection with this index.
struct connection *run_connection(const struct run *run, uint32_t index);

// For workloads: a message is complete, this long after it was sent.
static inline void run_count(struct run *run, uint64_t nanoseconds)
{
    if (run->phase == MEASURING) {
        run->window.messages++;
        histogram_add(&run->window.latency, nanoseconds);
    }
}

// For workloads: be told when there is something to read, or to accept.
void run_watch(struct run *run, struct connection *connection);

// For workloads: a connection that was closed is made anew.
void run_reopen(struct run *run, struct connection *connection);

// For workloads: ask to be told when the socket takes bytes again, or no longer.
void run_want_write(struct run *run, struct connection *connection, bool wanted);

// For workloads: bytes received into run->buffer; 0 when there are none yet. A connection
// that ends or fails ends the run.
size_t run_receive(struct run *run, struct connection *connection);

// For workloads: bytes the socket took; fewer than length, or 0, when it is full.
size_t run_send(struct connection *connection, const char *data, size_t length);

#endif
