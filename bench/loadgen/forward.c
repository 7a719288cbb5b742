// Workloads through a forwarder, of which both ends are here: the near end connects to it, and
// the far end is what it connects. `forward` is `echo` with the far end sending back what it
// gets, `forward-stream` goes one way, and the far end only looks at what comes. Both ends check
// every byte. What one end may do follows from what the other has seen, and needs no bytes of
// its own: they are one process.
#include "flow.h"

static struct flow *other_end(const struct flow *flow) { return flow_of(flow->base.other); }

static void opened(struct run *run, struct connection *base) { flow_send_batch(run, flow_of(base)); }

static void send_back(struct run *run, struct flow *far)
{
    far->allowed = far->received;
    flow_send(run, far);
}

static void readable(struct run *run, struct connection *base)
{
    struct flow *flow = flow_of(base);
    flow_receive(run, flow, other_end(flow));
    if (base->far) {
        send_back(run, flow);
        return;
    }
    flow_count(run, flow, flow->received);
    if (flow->received == flow->allowed && run->phase != DRAINING)
        flow_send_batch(run, flow);
}

static void readable_stream(struct run *run, struct connection *base)
{
    struct flow *flow = flow_of(base), *other = other_end(flow);
    flow_receive(run, flow, other); // the far end sends nothing, so at the near end anything is too much
    if (!base->far)
        return;
    flow_count(run, other, flow->received);
    if (run->phase != DRAINING)
        flow_send_window(run, other);
}

static void writable(struct run *run, struct connection *base) { flow_send(run, flow_of(base)); }

static bool settled(const struct connection *base)
{
    const struct flow *flow = (const struct flow *)base;
    return flow->received == flow->allowed;
}

static bool settled_stream(const struct connection *base)
{
    return ((const struct flow *)base->other)->received == ((const struct flow *)base)->allowed;
}

const struct workload forward_workload = {
    .name = "forward",
    .connection_size = sizeof(struct flow),
    .forwarded = true,
    .pairs = true,
    .prepare = flow_prepare,
    .opened = opened,
    .readable = readable,
    .writable = writable,
    .settled = settled,
};

const struct workload forward_stream_workload = {
    .name = "forward-stream",
    .connection_size = sizeof(struct flow),
    .forwarded = true,
    .pairs = true,
    .prepare = flow_prepare,
    .opened = opened,
    .readable = readable_stream,
    .writable = writable,
    .settled = settled_stream,
};
