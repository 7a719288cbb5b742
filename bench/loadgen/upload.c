// Workloads that go one way: a message is many bytes, and the server answers each with one
// byte when it has all of it. `item` sends one long item and a terminator that cannot be in
// it, `items` the same number of bytes in lines. Nothing is sent before measuring begins, so
// that a whole message is measured and not the middle of one: warm up with a run of its own.
#define _GNU_SOURCE
#include <inttypes.h>
#include <string.h>

#include "clock.h"
#include "fail.h"
#include "pattern.h"
#include "run.h"

static const char ACKNOWLEDGEMENT = '+';
static const char TERMINATOR[] = "\r\n.\r\n";
enum { TERMINATOR_LENGTH = sizeof TERMINATOR - 1 };

struct upload_connection {
    struct connection base;
    uint64_t sent; // of the message
    uint64_t started;
    bool under_way;
};

static struct upload_connection *own(struct connection *connection) { return (struct upload_connection *)connection; }

// The next bytes of the message, as they lie somewhere.
static const char *next_piece(const struct run *run, const struct upload_connection *connection, size_t *length)
{
    uint64_t body = run->options->total - (run->options->workload->lines ? 0 : TERMINATOR_LENGTH);
    uint64_t sent = connection->sent;
    if (sent >= body) {
        *length = (size_t)(run->options->total - sent);
        return TERMINATOR + (sent - body);
    }
    *length = body - sent < PATTERN_CHUNK ? (size_t)(body - sent) : PATTERN_CHUNK;
    return pattern_at(connection->base.index, sent);
}

static void send_on(struct run *run, struct upload_connection *connection)
{
    while (connection->sent < run->options->total) {
        size_t length;
        const char *data = next_piece(run, connection, &length);
        size_t taken = run_send(&connection->base, data, length);
        connection->sent += taken;
        if (taken < length)
            break;
    }
    run_want_write(run, &connection->base, connection->sent < run->options->total);
}

static void begin_message(struct run *run, struct upload_connection *connection)
{
    connection->sent = 0;
    connection->started = clock_now();
    connection->under_way = true;
    send_on(run, connection);
}

static void prepare(struct run *run)
{
    const struct options *options = run->options;
    run->message_bytes = options->total;
    if (options->workload->lines) {
        if (options->total % options->size != 0)
            fail("--total %" PRIu64 " is not whole lines of %" PRIu32 " bytes", options->total, options->size);
        return;
    }
    // The pattern repeats within a chunk, so what is not in one is nowhere.
    if (memmem(pattern_at(0, 0), PATTERN_CHUNK, TERMINATOR, TERMINATOR_LENGTH) != NULL)
        fail("the terminator is in the pattern");
    if (options->total < TERMINATOR_LENGTH)
        fail("--total %" PRIu64 " has no room for the terminator", options->total);
}

static void opened(struct run *run, struct connection *base)
{
    (void)run;
    (void)base;
}

static void measured(struct run *run)
{
    for (uint32_t i = 0; i < run->options->connections; i++)
        begin_message(run, own(run_connection(run, i)));
}

static void readable(struct run *run, struct connection *base)
{
    struct upload_connection *connection = own(base);
    size_t received = run_receive(run, base);
    if (received == 0)
        return;
    if (!connection->under_way || connection->sent < run->options->total)
        fail("connection %" PRIu32 " got an answer before all was sent", base->index);
    if (received != 1 || run->buffer[0] != ACKNOWLEDGEMENT)
        fail("connection %" PRIu32 " got %zu bytes, the first 0x%02x, for an acknowledgement", base->index, received,
             (unsigned char)run->buffer[0]);

    connection->under_way = false;
    run_count(run, clock_now() - connection->started);
    bool enough = run->options->messages != 0 && run->window.messages >= run->options->messages;
    if (run->phase == MEASURING && !enough)
        begin_message(run, connection);
}

static void writable(struct run *run, struct connection *base) { send_on(run, own(base)); }

static bool settled(const struct connection *base) { return !((const struct upload_connection *)base)->under_way; }

const struct workload item_workload = {
    .name = "item",
    .connection_size = sizeof(struct upload_connection),
    .prepare = prepare,
    .opened = opened,
    .measured = measured,
    .readable = readable,
    .writable = writable,
    .settled = settled,
};

const struct workload items_workload = {
    .name = "items",
    .connection_size = sizeof(struct upload_connection),
    .lines = true,
    .prepare = prepare,
    .opened = opened,
    .measured = measured,
    .readable = readable,
    .writable = writable,
    .settled = settled,
};
