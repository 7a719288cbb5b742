// Echo on libevent's bufferevents: what was received is moved from the input to the output
// buffer, not copied, as its own sample does. Reading stops while much waits to be sent.
#define _GNU_SOURCE
#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "peer.h"

enum {
    ACCEPTS_PER_EVENT = 64,
    MOST_WAITING = 1024 * 1024, // bytes; above, the client is not read from
};

static struct event_base *base;

static size_t waiting(struct bufferevent *connection) { return evbuffer_get_length(bufferevent_get_output(connection)); }

static void on_read(struct bufferevent *connection, void *unused)
{
    (void)unused;
    bufferevent_write_buffer(connection, bufferevent_get_input(connection));
    if (waiting(connection) > MOST_WAITING)
        bufferevent_disable(connection, EV_READ);
}

// The output is empty.
static void on_written(struct bufferevent *connection, void *unused)
{
    (void)unused;
    if ((bufferevent_get_enabled(connection) & EV_READ) == 0)
        bufferevent_enable(connection, EV_READ);
}

static void on_last_written(struct bufferevent *connection, void *unused)
{
    (void)unused;
    bufferevent_free(connection);
}

static void on_event(struct bufferevent *connection, short what, void *unused)
{
    (void)unused;
    bool only_ended = (what & BEV_EVENT_EOF) != 0 && (what & BEV_EVENT_ERROR) == 0;
    if (!only_ended || waiting(connection) == 0) {
        bufferevent_free(connection);
        return;
    }
    bufferevent_disable(connection, EV_READ);
    bufferevent_setcb(connection, NULL, on_last_written, on_event, NULL);
}

static void on_connection(evutil_socket_t listener, short what, void *unused)
{
    (void)what;
    (void)unused;
    for (int i = 0; i < ACCEPTS_PER_EVENT; i++) {
        int fd = accept4((int)listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0) {
            if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
                peer_fail("accept4");
            return;
        }
        int on = 1;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        struct bufferevent *connection = bufferevent_socket_new(base, fd, BEV_OPT_CLOSE_ON_FREE);
        if (connection == NULL)
            peer_fail("bufferevent_socket_new");
        bufferevent_setcb(connection, on_read, on_written, on_event, NULL);
        bufferevent_enable(connection, EV_READ);
    }
}

int main(int argc, char **argv)
{
    struct peer peer = peer_start(argc, argv);
    base = event_base_new();
    if (base == NULL)
        peer_fail("event_base_new");
    struct event *listening = event_new(base, peer.listener, EV_READ | EV_PERSIST, on_connection, NULL);
    if (listening == NULL || event_add(listening, NULL) < 0)
        peer_fail("event_add");
    event_base_dispatch(base);
    return 0;
}
