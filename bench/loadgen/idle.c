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
#include "run.h"

static const char SAID = 'i';

// What epoll gives for each of them.
static const char marker;

static void exchange_byte(int fd, uint32_t index)
{
    char back;
    if (send(fd, &SAID, 1, MSG_NOSIGNAL) != 1)
        fail("idle connection %" PRIu32 " cannot send: %s", index, strerror(errno));
    ssize_t received = recv(fd, &back, 1, 0); // waits no longer than connecting does
    if (received < 0)
        fail("idle connection %" PRIu32 " did not get its byte back: %s", index, strerror(errno));
    if (received == 0 || back != SAID)
        fail("idle connection %" PRIu32 " got something else than its byte", index);
}

void idle_open(struct run *run)
{
    struct idle *idle = &run->idle;
    uint32_t count = run->options->idle;
    idle->sockets = calloc(count, sizeof *idle->sockets);
    if (idle->sockets == NULL)
        fail("no memory for %" PRIu32 " idle connections", count);
    for (; idle->count < count; idle->count++) {
        int fd = connect_to(run->options, idle->count);
        idle->sockets[idle->count] = fd;
        exchange_byte(fd, idle->count);
        struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP, .data.ptr = (void *)&marker};
        if (epoll_ctl(run->poller, EPOLL_CTL_ADD, fd, &event) < 0)
            fail("epoll_ctl: %s", strerror(errno));
    }
}

void idle_close(struct run *run)
{
    struct idle *idle = &run->idle;
    struct linger reset = {.l_onoff = 1};
    for (uint32_t i = 0; i < idle->count; i++) {
        setsockopt(idle->sockets[i], SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
        close(idle->sockets[i]);
    }
    free(idle->sockets);
    idle->sockets = NULL;
}

void idle_refuse(const void *subject)
{
    if (subject == &marker)
        fail("an idle connection ended, or got something nobody sent");
}
