// Workloads against a server that sends back what it gets. They differ in when more may be
// sent: `echo` sends a batch of messages at once and the next when all of them came back,
// `stream` replaces each message as soon as it came back. `lines` is `echo` with messages that
// end with a line feed, for servers that cut lines.
#include "flow.h"

static void opened(struct run *run, struct connection *base) { flow_send_batch(run, flow_of(base)); }

static void take_back(struct run *run, struct flow *flow)
{
    flow_receive(run, flow, flow);
    flow_count(run, flow, flow->received);
}

static void readable_echo(struct run *run, struct connection *base)
{
    struct flow *flow = flow_of(base);
    take_back(run, flow);
    if (flow->received == flow->allowed && run->phase != DRAINING)
        flow_send_batch(run, flow);
}

static void readable_stream(struct run *run, struct connection *base)
{
    struct flow *flow = flow_of(base);
    take_back(run, flow);
    if (run->phase != DRAINING)
        flow_send_window(run, flow);
}

static void writable(struct run *run, struct connection *base) { flow_send(run, flow_of(base)); }

// While draining, `allowed` stands still: what was begun is sent to its end and comes back.
static bool settled(const struct connection *base)
{
    const struct flow *flow = (const struct flow *)base;
    return flow->received == flow->allowed;
}

const struct workload echo_workload = {
    .name = "echo",
    .connection_size = sizeof(struct flow),
    .prepare = flow_prepare,
    .opened = opened,
    .readable = readable_echo,
    .writable = writable,
    .settled = settled,
};

const struct workload stream_workload = {
    .name = "stream",
    .connection_size = sizeof(struct flow),
    .prepare = flow_prepare,
    .opened = opened,
    .readable = readable_stream,
    .writable = writable,
    .settled = settled,
};

const struct workload lines_workload = {
    .name = "lines",
    .connection_size = sizeof(struct flow),
    .lines = true,
    .prepare = flow_prepare,
    .opened = opened,
    .readable = readable_echo,
    .writable = writable,
    .settled = settled,
};
