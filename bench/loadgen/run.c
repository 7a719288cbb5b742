#include "run.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "buffer.h"
#include "clock.h"
#include "connect.h"
#include "descriptors.h"
#include "fail.h"
#include "far.h"
#include "pattern.h"

enum {
    EVENTS_PER_WAIT = 256,
    PATIENCE_SECONDS = 10,  // a server that is silent for so long has failed
    LONGEST_SECONDS = 600,  // however slowly the messages trickle in
    WAIT_MILLISECONDS = 50, // so that phases end on time when nothing happens
};

static const uint64_t SECOND = 1000000000u;

struct connection *run_connection(const struct run *run, uint32_t index)
{
    return (struct connection *)(run->connections + index * run->options->workload->connection_size);
}

void run_want_write(struct run *run, struct connection *connection, bool wanted)
{
    if (connection->wants_write == wanted)
        return;
    connection->wants_write = wanted;
    struct epoll_event event = {.events = EPOLLIN | (wanted ? EPOLLOUT : 0), .data.ptr = connection};
    if (epoll_ctl(run->poller, EPOLL_CTL_MOD, connection->fd, &event) < 0)
        fail("epoll_ctl: %s", strerror(errno));
}

size_t run_receive(struct run *run, struct connection *connection)
{
    ssize_t received = recv(connection->fd, run->buffer, PATTERN_CHUNK, MSG_DONTWAIT);
    if (received > 0)
        return (size_t)received;
    if (received == 0)
        fail("the server closed connection %" PRIu32, connection->index);
    if (errno != EAGAIN && errno != EINTR)
        fail("connection %" PRIu32 ": %s", connection->index, strerror(errno));
    return 0;
}

size_t run_send(struct connection *connection, const char *data, size_t length)
{
    ssize_t sent = send(connection->fd, data, length, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent >= 0)
        return (size_t)sent;
    if (errno != EAGAIN && errno != EINTR)
        fail("connection %" PRIu32 ": %s", connection->index, strerror(errno));
    return 0;
}

void run_watch(struct run *run, struct connection *connection)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};
    if (epoll_ctl(run->poller, EPOLL_CTL_ADD, connection->fd, &event) < 0)
        fail("epoll_ctl: %s", strerror(errno));
}

// Blocking, one after the other: the server's backlog never holds more than one, whatever its
// size. Blocking it stays, too: calls that must not wait say so.
static void open_connection(struct run *run, struct connection *connection)
{
    connection->fd = connect_to(run->options, connection->index);
    connection->wants_write = false;
    run_watch(run, connection);
}

// Nothing else is being connected, so what comes is the other end of what went out last.
static void open_far(struct run *run, struct connection *near)
{
    struct connection *far = run_connection(run, run->options->connections + near->index);
    *far = (struct connection){
        .fd = far_await(run, near->index),
        .index = near->index,
        .far = true,
        .other = near,
    };
    near->other = far;
    run_watch(run, far);
}

void run_reopen(struct run *run, struct connection *connection) { open_connection(run, connection); }

static void open_all(struct run *run)
{
    const struct options *options = run->options;
    for (uint32_t i = 0; i < options->connections; i++) {
        struct connection *connection = run_connection(run, i);
        connection->index = i;
        open_connection(run, connection);
        if (options->workload->pairs)
            open_far(run, connection);
    }
    for (uint32_t i = 0; i < options->connections; i++)
        options->workload->opened(run, run_connection(run, i));
}

// The files under /proc take longest to read, so they come first at the begin and last at the
// end: what is read exactly is read close to the messages it is divided by.
static void take_waits(const struct run *run, struct instant *instant)
{
    instant->own_waited = clock_waited_by(getpid());
    if (run->options->server_pid != 0)
        instant->server_waited = clock_waited_by(run->options->server_pid);
}

static void take_times(const struct run *run, struct instant *instant)
{
    if (run->options->server_pid != 0)
        instant->server_cpu = clock_cpu_of(run->options->server_pid);
    instant->own_cpu = clock_own_cpu();
    instant->now = clock_now();
}

// One wait and what came of it. False when nothing happened.
static bool step(struct run *run)
{
    struct epoll_event events[EVENTS_PER_WAIT];
    int count = epoll_wait(run->poller, events, EVENTS_PER_WAIT, WAIT_MILLISECONDS);
    if (count < 0 && errno != EINTR)
        fail("epoll_wait: %s", strerror(errno));
    const struct workload *workload = run->options->workload;
    for (int i = 0; i < count; i++) {
        struct connection *connection = events[i].data.ptr;
        idle_refuse(connection);
        if (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR))
            workload->readable(run, connection);
        if (events[i].events & EPOLLOUT)
            workload->writable(run, connection);
    }
    return count > 0;
}

// Steps until the time has come or, where messages is not 0, until so many were counted.
static void run_until(struct run *run, uint64_t start, double seconds, uint64_t messages)
{
    uint64_t deadline = start + (uint64_t)(seconds * (double)SECOND);
    uint64_t heard = start;
    for (;;) {
        bool busy = step(run);
        uint64_t now = clock_now();
        if (busy)
            heard = now;
        else if (now - heard > PATIENCE_SECONDS * SECOND)
            fail("no answer for %d seconds", PATIENCE_SECONDS);
        if (now - start > LONGEST_SECONDS * SECOND)
            fail("not done after %d seconds", LONGEST_SECONDS);
        if (messages != 0 ? run->window.messages >= messages : now >= deadline)
            return;
    }
}

// Bytes still under way count for nothing, but they must come back and be right.
static void drain(struct run *run)
{
    run->phase = DRAINING;
    uint64_t deadline = clock_now() + PATIENCE_SECONDS * SECOND;
    uint32_t settled = 0; // nothing is sent any more, so who is settled stays so
    for (;;) {
        while (settled < run->options->connections && run->options->workload->settled(run_connection(run, settled)))
            settled++;
        if (settled == run->options->connections)
            return;
        if (clock_now() > deadline)
            fail("connection %" PRIu32 " did not get back all that it sent", settled);
        step(run);
    }
}

// The measured window.
static void measure(struct run *run)
{
    const struct options *options = run->options;
    struct window *window = &run->window;
    memset(window, 0, sizeof *window);
    take_waits(run, &window->begin);
    take_times(run, &window->begin);
    run->phase = MEASURING;
    if (options->workload->measured != NULL)
        options->workload->measured(run);
    run_until(run, window->begin.now, options->duration, options->messages);
    take_times(run, &window->end);
    take_waits(run, &window->end);
    run->phase = WARMING;
}

// CPU of the server for each message of the window.
static double cost(const struct run *run)
{
    const struct window *window = &run->window;
    if (window->messages == 0)
        fail("no message in the measured time");
    return (double)(window->end.server_cpu - window->begin.server_cpu) / (double)window->messages;
}

static void warm_up(struct run *run) { run_until(run, clock_now(), run->options->warmup, 0); }

// Without idle connections, with them, and without: the window with them stays for the report.
static void measure_beside_idle(struct run *run)
{
    static struct window with_them; // the histogram makes it too large for a stack
    struct idle *idle = &run->idle;
    pid_t server = run->options->server_pid;

    measure(run);
    idle->cost_before = cost(run);
    idle->resident_before = clock_resident_of(server);

    idle_open(run);
    warm_up(run);
    idle->resident_with = clock_resident_of(server);
    measure(run);
    with_them = run->window;

    idle_close(run);
    warm_up(run);
    measure(run);
    idle->cost_after = cost(run);
    run->window = with_them;
}

static void end_pairs(const struct run *run)
{
    uint32_t count = run->options->connections;
    struct far_pair *pairs = calloc(count, sizeof *pairs);
    if (pairs == NULL)
        fail("no memory for %" PRIu32 " connections", count);
    for (uint32_t i = 0; i < count; i++) {
        const struct connection *near = run_connection(run, i);
        pairs[i] = (struct far_pair){.near = near->fd, .far = near->other->fd};
    }
    far_end_pairs(pairs, count);
    free(pairs);
    if (far_accept(run) >= 0)
        fail("the forwarder connected more often than it was connected to");
}

static void close_all(const struct run *run)
{
    for (uint32_t i = 0; i < run->options->connections; i++)
        if (run_connection(run, i)->fd >= 0)
            close(run_connection(run, i)->fd);
}

void run_all(struct run *run, const struct options *options)
{
    raise_descriptor_limit();
    pattern_init(options->workload->lines ? options->size : 0);
    memset(run, 0, sizeof *run);
    run->options = options;
    run->message_bytes = options->size; // unless the workload says otherwise
    run->poller = epoll_create1(EPOLL_CLOEXEC);
    run->ends = options->connections * (options->workload->pairs ? 2 : 1);
    run->connections = calloc(run->ends, options->workload->connection_size);
    run->buffer = buffer_new(PATTERN_CHUNK);
    if (run->poller < 0 || run->connections == NULL || run->buffer == NULL)
        fail("start: %s", strerror(errno));
    run->listener.fd = options->workload->forwarded ? far_listen(&options->served) : -1;
    options->workload->prepare(run);

    run->phase = WARMING;
    open_all(run);
    warm_up(run);
    if (options->idle != 0)
        measure_beside_idle(run);
    else
        measure(run);

    drain(run);
    if (options->workload->pairs)
        end_pairs(run);
    else
        close_all(run);
}
