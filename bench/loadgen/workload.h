// A workload says what a connection sends and when, and what counts as a message. The run
// (run.h) owns connections, time and counting.
#ifndef LOADGEN_WORKLOAD_H
#define LOADGEN_WORKLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct run;
struct connection;

struct workload {
    const char *name;
    size_t connection_size; // of its own struct, whose first member is a struct connection
    bool lines;             // messages are lines, see pattern_init
    bool forwarded;         // the server is a forwarder and connects back to us, see far.h
    bool pairs;             // and each connection has its far end beside it; otherwise those come as they come

    void (*prepare)(struct run *run);                               // before the first connection
    void (*opened)(struct run *run, struct connection *connection); // when all are connected
    void (*measured)(struct run *run);                              // measuring begins; may be NULL
    void (*readable)(struct run *run, struct connection *connection); // far ends too
    void (*writable)(struct run *run, struct connection *connection); // only after run_want_write
    bool (*settled)(const struct connection *connection);             // nothing is owed in either direction
};

// NULL when there is none of this name.
const struct workload *workload_find(const char *name);

// echo.c
extern const struct workload echo_workload;
extern const struct workload stream_workload;
extern const struct workload lines_workload;

// forward.c
extern const struct workload forward_workload;
extern const struct workload forward_stream_workload;

// upload.c
extern const struct workload item_workload;
extern const struct workload items_workload;

// churn.c
extern const struct workload churn_workload;
extern const struct workload forward_churn_workload;

// room.c
extern const struct workload room_workload;

#endif
