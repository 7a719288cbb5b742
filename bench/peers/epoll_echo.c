// The reference every other server is measured against: level-triggered epoll, one thread,
// one receive buffer, and each piece sent back at once. Nothing is put together and nothing
// is tuned beyond that, so it stands for what a careful C programmer writes first. With
// `--each BYTES` what was received is cut into messages of so many bytes, and each is sent by
// a call of its own.
#define _GNU_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "buffer.h"
#include "peer.h"

enum {
    EVENTS_PER_WAIT = 256,
    ACCEPTS_PER_EVENT = 64, // connected clients get their turn during a storm of new ones
};

struct connection {
    int fd;
    char *unsent; // what the socket would not take; NULL until that happens once
    size_t unsent_start;
    size_t unsent_end;
};

static int poller;
static char *buffer;
static size_t buffer_size;
static size_t each;

static void watch(int operation, int fd, uint32_t interest, void *subject)
{
    struct epoll_event event = {.events = interest, .data.ptr = subject};
    if (epoll_ctl(poller, operation, fd, &event) < 0)
        peer_fail("epoll_ctl");
}

static void close_connection(struct connection *connection)
{
    close(connection->fd);
    free(connection->unsent);
    free(connection);
}

static void accept_all(int listener)
{
    for (int i = 0; i < ACCEPTS_PER_EVENT; i++) {
        int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0) {
            // Anything else is the end of one connection that never became ours.
            if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
                peer_fail("accept4");
            return;
        }
        int on = 1;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        struct connection *connection = calloc(1, sizeof *connection);
        if (connection == NULL)
            peer_fail("calloc");
        connection->fd = fd;
        watch(EPOLL_CTL_ADD, fd, EPOLLIN, connection);
    }
}

// Bytes the socket took, or -1 when the connection is lost. A short count means that the
// socket is full, so asking again would be a wasted call.
static ssize_t send_some(int fd, const char *data, size_t length)
{
    ssize_t sent = send(fd, data, length, MSG_NOSIGNAL);
    if (sent < 0 && (errno == EAGAIN || errno == EINTR))
        return 0;
    return sent;
}

// Reading stops until the rest is gone, so a connection never holds more than one buffer.
static void keep_unsent(struct connection *connection, const char *rest, size_t length)
{
    // Kept once allocated: freeing it each time would cost a mapping and its page faults.
    if (connection->unsent == NULL && (connection->unsent = buffer_new(buffer_size)) == NULL)
        peer_fail("buffer_new");
    memcpy(connection->unsent, rest, length);
    connection->unsent_start = 0;
    connection->unsent_end = length;
    watch(EPOLL_CTL_MOD, connection->fd, EPOLLOUT, connection);
}

static bool on_readable(struct connection *connection)
{
    ssize_t received = recv(connection->fd, buffer, buffer_size, 0);
    if (received < 0)
        return errno == EAGAIN || errno == EINTR;
    if (received == 0)
        return false;
    size_t length = (size_t)received;
    for (size_t start = 0; start < length;) {
        size_t piece = each != 0 && length - start > each ? each : length - start;
        ssize_t sent = send_some(connection->fd, buffer + start, piece);
        if (sent < 0)
            return false;
        start += (size_t)sent;
        if ((size_t)sent < piece) {
            keep_unsent(connection, buffer + start, length - start);
            break;
        }
    }
    return true;
}

static bool on_writable(struct connection *connection)
{
    size_t left = connection->unsent_end - connection->unsent_start;
    ssize_t sent = send_some(connection->fd, connection->unsent + connection->unsent_start, left);
    if (sent < 0)
        return false;
    connection->unsent_start += (size_t)sent;
    if (connection->unsent_start == connection->unsent_end)
        watch(EPOLL_CTL_MOD, connection->fd, EPOLLIN, connection);
    return true;
}

static void on_event(struct connection *connection, int listener)
{
    if (connection == NULL) {
        accept_all(listener);
        return;
    }
    // Hang-ups and errors come whatever the interest is; the call that fails reports them.
    bool waiting_to_send = connection->unsent_start < connection->unsent_end;
    bool alive = waiting_to_send ? on_writable(connection) : on_readable(connection);
    if (!alive)
        close_connection(connection);
}

int main(int argc, char **argv)
{
    struct peer peer = peer_start(argc, argv);
    buffer_size = peer.buffer_size;
    each = peer.each;
    buffer = buffer_new(buffer_size);
    poller = epoll_create1(EPOLL_CLOEXEC);
    if (buffer == NULL || poller < 0)
        peer_fail("start");
    watch(EPOLL_CTL_ADD, peer.listener, EPOLLIN, NULL);

    struct epoll_event events[EVENTS_PER_WAIT];
    for (;;) {
        int count = epoll_wait(poller, events, EVENTS_PER_WAIT, -1);
        if (count < 0 && errno != EINTR)
            peer_fail("epoll_wait");
        for (int i = 0; i < count; i++)
            on_event(events[i].data.ptr, peer.listener);
    }
}
