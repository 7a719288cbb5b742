// A room: what the first connection sends, all of them get, it included. A message is one line
// that has reached everybody. The server greets each member with one byte, so that nobody is
// missed because the line came before he was let in.
#include <inttypes.h>

#include "clock.h"
#include "fail.h"
#include "pattern.h"
#include "run.h"

static const char GREETING = '+';

enum { SPEAKER = 0 };

struct room_connection {
    struct connection base;
    bool greeted;
    uint64_t received; // bytes of lines
};

// One room in a run.
static uint32_t greeted;
static uint32_t arrived; // members that have the line that is under way
static uint64_t allowed; // bytes of lines that may have been sent by now
static uint64_t sent;    // bytes
static uint64_t started; // when the line was sent

static struct room_connection *own(struct connection *connection) { return (struct room_connection *)connection; }

static void send_allowed(struct run *run)
{
    struct connection *speaker = run_connection(run, SPEAKER);
    sent += run_send(speaker, pattern_at(SPEAKER, sent), (size_t)(allowed - sent));
    run_want_write(run, speaker, sent < allowed);
}

static void say_line(struct run *run)
{
    arrived = 0;
    allowed += run->options->size;
    started = clock_now();
    send_allowed(run);
}

static void prepare(struct run *run)
{
    (void)run;
    greeted = arrived = 0;
    allowed = sent = started = 0;
}

static void opened(struct run *run, struct connection *base)
{
    (void)run;
    (void)base;
}

static const char *take_greeting(struct room_connection *connection, const char *data)
{
    if (*data != GREETING)
        fail("connection %" PRIu32 " was greeted with 0x%02x", connection->base.index, (unsigned char)*data);
    connection->greeted = true;
    greeted++;
    return data + 1;
}

static void take_line(struct run *run, struct room_connection *connection, const char *data, size_t length)
{
    if (connection->received + length > sent)
        fail("connection %" PRIu32 " got more bytes than were sent", connection->base.index);
    pattern_check(connection->base.index, SPEAKER, connection->received, data, length);
    connection->received += length;
    if (connection->received == allowed && ++arrived == run->options->connections) {
        run_count(run, clock_now() - started);
        if (run->phase != DRAINING)
            say_line(run);
    }
}

static void readable(struct run *run, struct connection *base)
{
    struct room_connection *connection = own(base);
    const char *data = run->buffer;
    size_t length = run_receive(run, base);
    if (length > 0 && !connection->greeted) {
        data = take_greeting(connection, data);
        length--;
        if (greeted == run->options->connections && run->phase != DRAINING)
            say_line(run);
    }
    if (length > 0)
        take_line(run, connection, data, length);
}

static void writable(struct run *run, struct connection *base)
{
    (void)base;
    send_allowed(run);
}

static bool settled(const struct connection *base)
{
    const struct room_connection *connection = (const struct room_connection *)base;
    return connection->greeted && connection->received == allowed;
}

const struct workload room_workload = {
    .name = "room",
    .connection_size = sizeof(struct room_connection),
    .lines = true,
    .prepare = prepare,
    .opened = opened,
    .readable = readable,
    .writable = writable,
    .settled = settled,
};
