#define _GNU_SOURCE
#include "far.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "address.h"
#include "connect.h"
#include "fail.h"
#include "run.h"

enum {
    BACKLOG = 4096,
    PATIENCE_MILLISECONDS = 10000,
};

int far_listen(const struct address *address)
{
    int fd = socket(address->storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int on = 1;
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0 ||
        bind(fd, (const struct sockaddr *)&address->storage, address->length) < 0 || listen(fd, BACKLOG) < 0)
        fail("--serve: %s", strerror(errno));
    return fd;
}

int far_accept(const struct run *run)
{
    int fd = accept4(run->listener.fd, NULL, NULL, SOCK_CLOEXEC);
    if (fd < 0) {
        if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
            fail("accept4: %s", strerror(errno));
        return -1;
    }
    connect_set_up(fd);
    return fd;
}

int far_await(const struct run *run, uint32_t number)
{
    struct pollfd listener = {.fd = run->listener.fd, .events = POLLIN};
    if (poll(&listener, 1, PATIENCE_MILLISECONDS) < 0)
        fail("poll: %s", strerror(errno));
    int fd = far_accept(run);
    if (fd < 0)
        fail("the forwarder did not connect for connection %" PRIu32, number);
    return fd;
}

static void expect_end(int fd, uint32_t number)
{
    char byte;
    ssize_t received = recv(fd, &byte, 1, 0);
    if (received > 0)
        fail("connection %" PRIu32 " got more bytes than it sent", number);
    if (received < 0)
        fail("connection %" PRIu32 " did not get the end of the other: %s", number, strerror(errno));
}

// The far ends go first: the side that ends first keeps its port for a minute, and theirs is one
// for all, where the forwarder would run out of them.
void far_end_pairs(const struct far_pair *pairs, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        shutdown(pairs[i].far, SHUT_WR);
    for (uint32_t i = 0; i < count; i++) {
        expect_end(pairs[i].near, i);
        close(pairs[i].near);
    }
    for (uint32_t i = 0; i < count; i++) {
        expect_end(pairs[i].far, i);
        close(pairs[i].far);
    }
}
