// Connections that come and go: connect, one byte, the byte back, the client ends its side, the
// server ends its own, close. A message is all of that. Each place of a connection makes the
// next one as soon as the last has gone.
//
// `forward-churn` is the same through a forwarder, but the far end, which answers, ends first:
// the side that does keeps its port for a minute, and one that connects would run out of them.
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "fail.h"
#include "far.h"
#include "pattern.h"
#include "run.h"

struct churn_connection {
    struct connection base;
    uint64_t number; // how many this place has had: which byte it says
    uint64_t started;
    bool answered;
    bool gone; // and no other came after it
};

// What a forwarder connected. Which byte is the right one is known at the near end.
struct far_end {
    struct connection base;
    bool answered;
};

static uint64_t begun;      // connections in all
static uint64_t far_closed; // far ends

static struct churn_connection *own(struct connection *connection) { return (struct churn_connection *)connection; }

static void prepare(struct run *run)
{
    run->message_bytes = 1;
    begun = far_closed = 0;
}

static void prepare_forward(struct run *run)
{
    prepare(run);
    run_watch(run, &run->listener);
}

static void say(struct connection *base)
{
    struct churn_connection *connection = own(base);
    connection->answered = false;
    begun++;
    if (run_send(base, pattern_at(base->index, connection->number), 1) != 1)
        fail("connection %" PRIu32 " takes no byte", base->index);
}

static void opened(struct run *run, struct connection *base)
{
    (void)run;
    own(base)->started = clock_now();
    say(base);
}

static void begin_next(struct run *run, struct connection *base)
{
    struct churn_connection *connection = own(base);
    connection->number++;
    connection->started = clock_now();
    run_reopen(run, base);
    say(base);
}

static void take_end(struct run *run, struct connection *base)
{
    struct churn_connection *connection = own(base);
    if (!connection->answered)
        fail("the server closed connection %" PRIu32 " before it answered", base->index);
    close(base->fd);
    base->fd = -1;
    run_count(run, clock_now() - connection->started);
    if (run->phase == DRAINING)
        connection->gone = true;
    else
        begin_next(run, base);
}

// One byte into run->buffer. False when there is none: not yet, or *ended.
static bool receive_byte(struct run *run, struct connection *base, bool answered, bool *ended)
{
    ssize_t received = recv(base->fd, run->buffer, PATTERN_CHUNK, MSG_DONTWAIT);
    if (received < 0 && errno != EAGAIN && errno != EINTR)
        fail("connection %" PRIu32 ": %s", base->index, strerror(errno));
    if (received > 1 || (received == 1 && answered))
        fail("connection %" PRIu32 " got more bytes than it sent", base->index);
    *ended = received == 0;
    return received == 1;
}

static void end_stream(const struct connection *base)
{
    if (shutdown(base->fd, SHUT_WR) < 0)
        fail("shutdown of connection %" PRIu32 ": %s", base->index, strerror(errno));
}

// True when the answer has come, just now.
static bool take_answer(struct run *run, struct connection *base)
{
    struct churn_connection *connection = own(base);
    bool ended;
    if (receive_byte(run, base, connection->answered, &ended)) {
        pattern_check(base->index, base->index, connection->number, run->buffer, 1);
        connection->answered = true;
        return true;
    }
    if (ended)
        take_end(run, base);
    return false;
}

static void readable(struct run *run, struct connection *base)
{
    if (take_answer(run, base))
        end_stream(base);
}

static void accept_far_ends(struct run *run)
{
    for (int fd; (fd = far_accept(run)) >= 0;) {
        struct far_end *end = calloc(1, sizeof *end);
        if (end == NULL)
            fail("no memory for the end of a connection");
        end->base = (struct connection){.fd = fd, .far = true};
        run_watch(run, &end->base);
    }
}

static void answer(struct run *run, struct far_end *end)
{
    bool ended;
    if (receive_byte(run, &end->base, end->answered, &ended)) {
        if (run_send(&end->base, run->buffer, 1) != 1)
            fail("a far end takes no byte");
        end_stream(&end->base);
        end->answered = true;
    } else if (ended) {
        if (!end->answered)
            fail("the forwarder closed a connection before its byte");
        close(end->base.fd);
        free(end);
        far_closed++;
    }
}

static void readable_forward(struct run *run, struct connection *base)
{
    if (base == &run->listener)
        accept_far_ends(run);
    else if (base->far)
        answer(run, (struct far_end *)base);
    else
        take_answer(run, base);
}

static void writable(struct run *run, struct connection *base)
{
    (void)run;
    (void)base;
}

static bool settled(const struct connection *base) { return ((const struct churn_connection *)base)->gone; }

static bool settled_forward(const struct connection *base) { return settled(base) && far_closed == begun; }

const struct workload churn_workload = {
    .name = "churn",
    .connection_size = sizeof(struct churn_connection),
    .prepare = prepare,
    .opened = opened,
    .readable = readable,
    .writable = writable,
    .settled = settled,
};

const struct workload forward_churn_workload = {
    .name = "forward-churn",
    .connection_size = sizeof(struct churn_connection),
    .forwarded = true,
    .prepare = prepare_forward,
    .opened = opened,
    .readable = readable_forward,
    .writable = writable,
    .settled = settled_forward,
};
