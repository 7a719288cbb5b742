// Workloads against a server that sends back what it gets. They differ in when more may be
// sent: `echo` sends a batch of messages at once and the next when all of them came back,
// `stream` replaces each message as soon as it came back. `lines` is `echo` with messages that
// end with a line feed, for servers that cut lines.
#include <inttypes.h>
#include <stdlib.h>

#include "clock.h"
#include "fail.h"
#include "pattern.h"
#include "run.h"

struct echo_connection {
    struct connection base;
    uint64_t allowed;  // bytes that may have been sent by now
    uint64_t sent;     // bytes
    uint64_t received; // bytes
    uint64_t started;  // messages whose time of sending was noted
    uint64_t finished; // messages that came back whole
    uint64_t *times;   // of the messages in flight, options->depth of them, used in turn
};

static struct echo_connection *own(struct connection *connection) { return (struct echo_connection *)connection; }

// A message's time runs from the call that takes its first byte.
static void note_starts(const struct run *run, struct echo_connection *connection, uint64_t now)
{
    while (connection->started * run->options->size < connection->sent) {
        connection->times[connection->started % run->options->depth] = now;
        connection->started++;
    }
}

static void send_allowed(struct run *run, struct echo_connection *connection)
{
    while (connection->sent < connection->allowed) {
        uint64_t left = connection->allowed - connection->sent;
        size_t length = left < PATTERN_CHUNK ? (size_t)left : PATTERN_CHUNK;
        const char *data = pattern_at(connection->base.index, connection->sent);
        uint64_t now = clock_now();
        size_t taken = run_send(&connection->base, data, length);
        connection->sent += taken;
        note_starts(run, connection, now);
        if (taken < length)
            break;
    }
    run_want_write(run, &connection->base, connection->sent < connection->allowed);
}

static void take_back(struct run *run, struct echo_connection *connection, size_t length)
{
    if (connection->received + length > connection->sent)
        fail("connection %" PRIu32 " got more bytes than it sent", connection->base.index);
    pattern_check(connection->base.index, connection->base.index, connection->received, run->buffer, length);
    connection->received += length;

    uint64_t now = clock_now();
    while ((connection->finished + 1) * run->options->size <= connection->received) {
        run_count(run, now - connection->times[connection->finished % run->options->depth]);
        connection->finished++;
    }
}

static void prepare(struct run *run)
{
    // One block for all: the times of a connection are a slice of it.
    const struct options *options = run->options;
    uint64_t *times = calloc((size_t)options->connections * options->depth, sizeof *times);
    if (times == NULL)
        fail("no memory for %" PRIu32 " connections %" PRIu32 " deep", options->connections, options->depth);
    struct echo_connection *connections = (struct echo_connection *)run->connections;
    for (uint32_t i = 0; i < options->connections; i++)
        connections[i].times = times + (size_t)i * options->depth;
}

static void opened(struct run *run, struct connection *base)
{
    struct echo_connection *connection = own(base);
    connection->allowed = (uint64_t)run->options->size * run->options->depth;
    send_allowed(run, connection);
}

static void readable_echo(struct run *run, struct connection *base)
{
    struct echo_connection *connection = own(base);
    take_back(run, connection, run_receive(run, base));
    if (connection->received == connection->allowed && run->phase != DRAINING) {
        connection->allowed += (uint64_t)run->options->size * run->options->depth;
        send_allowed(run, connection);
    }
}

static void readable_stream(struct run *run, struct connection *base)
{
    struct echo_connection *connection = own(base);
    take_back(run, connection, run_receive(run, base));
    uint64_t allowed = (connection->finished + run->options->depth) * run->options->size;
    if (allowed > connection->allowed && run->phase != DRAINING) {
        connection->allowed = allowed;
        // A full socket says itself when it has room; trying it now would be a wasted call.
        if (!base->wants_write)
            send_allowed(run, connection);
    }
}

static void writable(struct run *run, struct connection *base) { send_allowed(run, own(base)); }

// While draining, `allowed` stands still: what was begun is sent to its end and comes back.
static bool settled(const struct connection *base)
{
    const struct echo_connection *connection = (const struct echo_connection *)base;
    return connection->received == connection->allowed;
}

const struct workload echo_workload = {
    .name = "echo",
    .connection_size = sizeof(struct echo_connection),
    .prepare = prepare,
    .opened = opened,
    .readable = readable_echo,
    .writable = writable,
    .settled = settled,
};

const struct workload stream_workload = {
    .name = "stream",
    .connection_size = sizeof(struct echo_connection),
    .prepare = prepare,
    .opened = opened,
    .readable = readable_stream,
    .writable = writable,
    .settled = settled,
};

const struct workload lines_workload = {
    .name = "lines",
    .connection_size = sizeof(struct echo_connection),
    .lines = true,
    .prepare = prepare,
    .opened = opened,
    .readable = readable_echo,
    .writable = writable,
    .settled = settled,
};
