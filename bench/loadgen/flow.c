#include "flow.h"

#include <inttypes.h>
#include <stdlib.h>

#include "clock.h"
#include "fail.h"
#include "pattern.h"

void flow_prepare(struct run *run)
{
    // One block for all: the times of a connection are a slice of it.
    const struct options *options = run->options;
    uint64_t *times = calloc((size_t)run->ends * options->depth, sizeof *times);
    if (times == NULL)
        fail("no memory for %" PRIu32 " connections %" PRIu32 " deep", options->connections, options->depth);
    for (uint32_t i = 0; i < run->ends; i++)
        flow_of(run_connection(run, i))->times = times + (size_t)i * options->depth;
}

// A message's time runs from the call that takes its first byte.
static void note_starts(const struct run *run, struct flow *flow, uint64_t now)
{
    while (flow->started * run->options->size < flow->sent) {
        flow->times[flow->started % run->options->depth] = now;
        flow->started++;
    }
}

void flow_send(struct run *run, struct flow *flow)
{
    while (flow->sent < flow->allowed) {
        uint64_t left = flow->allowed - flow->sent;
        size_t length = left < PATTERN_CHUNK ? (size_t)left : PATTERN_CHUNK;
        const char *data = pattern_at(flow->base.index, flow->sent);
        uint64_t now = clock_now();
        size_t taken = run_send(&flow->base, data, length);
        flow->sent += taken;
        note_starts(run, flow, now);
        if (taken < length)
            break;
    }
    run_want_write(run, &flow->base, flow->sent < flow->allowed);
}

void flow_send_batch(struct run *run, struct flow *flow)
{
    flow->allowed += (uint64_t)run->options->size * run->options->depth;
    flow_send(run, flow);
}

void flow_send_window(struct run *run, struct flow *flow)
{
    uint64_t allowed = (flow->finished + run->options->depth) * run->options->size;
    if (allowed <= flow->allowed)
        return;
    flow->allowed = allowed;
    // A full socket says itself when it has room; trying it now would be a wasted call.
    if (!flow->base.wants_write)
        flow_send(run, flow);
}

void flow_receive(struct run *run, struct flow *flow, const struct flow *sender)
{
    uint32_t index = flow->base.index;
    size_t length = run_receive(run, &flow->base);
    if (flow->received + length > sender->sent)
        fail("connection %" PRIu32 " got more bytes than it sent", index);
    pattern_check(index, index, flow->received, run->buffer, length);
    flow->received += length;
}

void flow_count(struct run *run, struct flow *flow, uint64_t arrived)
{
    uint64_t now = clock_now();
    while ((flow->finished + 1) * run->options->size <= arrived) {
        run_count(run, now - flow->times[flow->finished % run->options->depth]);
        flow->finished++;
    }
}
