// A connection on which messages are under way: what went out on it, what came in, and how long
// each message took. What echoes and forwarders have in common.
#ifndef LOADGEN_FLOW_H
#define LOADGEN_FLOW_H

#include "run.h"

struct flow {
    struct connection base;
    uint64_t allowed;  // bytes that may have been sent by now
    uint64_t sent;     // bytes
    uint64_t received; // bytes
    uint64_t started;  // messages whose time of sending was noted
    uint64_t finished; // messages that have arrived whole
    uint64_t *times;   // of the messages in flight, options->depth of them, used in turn
};

static inline struct flow *flow_of(struct connection *connection) { return (struct flow *)connection; }

// Once, before the first connection.
void flow_prepare(struct run *run);

// Sends what is allowed, as far as the socket takes it.
void flow_send(struct run *run, struct flow *flow);

// Allows one more batch of messages, and sends it.
void flow_send_batch(struct run *run, struct flow *flow);

// Keeps as many messages in flight as --depth says.
void flow_send_window(struct run *run, struct flow *flow);

// Receives, and checks that it is what the connection sends, or the other end of it: the sender,
// which is the same flow where a server sends back what it gets.
void flow_receive(struct run *run, struct flow *flow, const struct flow *sender);

// Counts the messages of a flow of which all bytes have arrived.
void flow_count(struct run *run, struct flow *flow, uint64_t arrived);

#endif
