#include "idle.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "connect.h"
#include "fail.h"
#include "far.h"
#include "run.h"

static const char SAID = 'i';

// What epoll gives for each of them.
static const char marker;

static void send_byte(int fd, uint32_t index)
{
    if (send(fd, &SAID, 1, MSG_NOSIGNAL) != 1)
        fail("idle connection %" PRIu32 " cannot send: %s", index, strerror(errno));
}

static void receive_byte(int fd, uint32_t index)
{
    char back;
    ssize_t received = recv(fd, &back, 1, 0); // waits no longer than connecting does
    if (received < 0)
        fail("idle connection %" PRIu32 " did not get its byte back: %s", index, strerror(errno));
    if (received == 0 || back != SAID)
        fail("idle connection %" PRIu32 " got something else than its byte", index);
}

static void watch(const struct run *run, int fd)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP, .data.ptr = (void *)&marker};
    if (epoll_ctl(run->poller, EPOLL_CTL_ADD, fd, &event) < 0)
        fail("epoll_ctl: %s", strerror(errno));
}

static struct far_pair open_one(const struct run *run, uint32_t index)
{
    struct far_pair pair = {.near = connect_to(run->options, index), .far = -1};
    send_byte(pair.near, index);
    if (run->options->workload->forwarded) {
        pair.far = far_await(run, index);
        receive_byte(pair.far, index);
        send_byte(pair.far, index);
        watch(run, pair.far);
    }
    receive_byte(pair.near, index);
    watch(run, pair.near);
    return pair;
}

void idle_open(struct run *run)
{
    struct idle *idle = &run->idle;
    uint32_t count = run->options->idle;
    idle->pairs = calloc(count, sizeof *idle->pairs);
    if (idle->pairs == NULL)
        fail("no memory for %" PRIu32 " idle connections", count);
    for (; idle->count < count; idle->count++)
        idle->pairs[idle->count] = open_one(run, idle->count);
}

static void reset_all(const struct idle *idle)
{
    struct linger reset = {.l_onoff = 1};
    for (uint32_t i = 0; i < idle->count; i++) {
        setsockopt(idle->pairs[i].near, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
        close(idle->pairs[i].near);
    }
}

void idle_close(struct run *run)
{
    struct idle *idle = &run->idle;
    if (run->options->workload->forwarded)
        far_end_pairs(idle->pairs, idle->count);
    else
        reset_all(idle);
    free(idle->pairs);
    idle->pairs = NULL;
}

void idle_refuse(const void *subject)
{
    if (subject == &marker)
        fail("an idle connection ended, or got something nobody sent");
}
