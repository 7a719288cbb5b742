// Connections that come and go: connect, one byte, the byte back, the client ends its side, the
// server ends its own, close. A message is all of that. Each place of a connection makes the
// next one as soon as the last has gone.
#include <inttypes.h>
#include <sys/socket.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "fail.h"
#include "pattern.h"
#include "run.h"

struct churn_connection {
    struct connection base;
    uint64_t number; // how many this place has had: which byte it says
    uint64_t started;
    bool answered;
    bool gone; // and no other came after it
};

static struct churn_connection *own(struct connection *connection) { return (struct churn_connection *)connection; }

static void prepare(struct run *run)
{
    run->message_bytes = 1;
}

static void say(struct connection *base)
{
    struct churn_connection *connection = own(base);
    connection->answered = false;
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

static void readable(struct run *run, struct connection *base)
{
    struct churn_connection *connection = own(base);
    ssize_t received = recv(base->fd, run->buffer, PATTERN_CHUNK, MSG_DONTWAIT);
    if (received < 0 && errno != EAGAIN && errno != EINTR)
        fail("connection %" PRIu32 ": %s", base->index, strerror(errno));
    if (received == 0)
        take_end(run, base);
    if (received <= 0)
        return;
    if (connection->answered || received > 1)
        fail("connection %" PRIu32 " got more bytes than it sent", base->index);
    pattern_check(base->index, base->index, connection->number, run->buffer, 1);
    connection->answered = true;
    if (shutdown(base->fd, SHUT_WR) < 0)
        fail("shutdown of connection %" PRIu32 ": %s", base->index, strerror(errno));
}

static void writable(struct run *run, struct connection *base)
{
    (void)run;
    (void)base;
}

static bool settled(const struct connection *base) { return ((const struct churn_connection *)base)->gone; }

const struct workload churn_workload = {
    .name = "churn",
    .connection_size = sizeof(struct churn_connection),
    .prepare = prepare,
    .opened = opened,
    .readable = readable,
    .writable = writable,
    .settled = settled,
};
