// The reference that forwarders are measured against: level-triggered epoll, one thread, and
// what one side sends handed to the other at once. It copies through one receive buffer; with
// `--pipe BYTES` it splices through a pipe of so many bytes, and no byte comes to it at all.
// The end of one side's stream is passed on behind its bytes, and the other direction goes on;
// a side that takes no more has the other not read from.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
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

struct tube {
    int in;
    int out;
    struct tube *next; // while nobody has it
};

// One of the two sockets of a pair, and what came from it that the other would not take yet.
struct side {
    int fd;
    uint32_t interest;
    struct side *other;
    struct pair *pair;
    bool connecting;
    bool ended; // its stream has
    char *held; // NULL until something had to be held once
    size_t held_start;
    size_t held_end;
    struct tube *tube; // where there are tubes: holds what is from held_start to held_end
};

struct pair {
    struct side near;
    struct side far;
    bool closed;
    struct pair *next; // of those that are closed
};

static struct peer peer;
static int poller;
static char *buffer;
static struct tube *free_tubes;
static struct pair *closed_pairs; // events of theirs may still be under way

static void watch(int operation, int fd, uint32_t interest, void *subject)
{
    struct epoll_event event = {.events = interest, .data.ptr = subject};
    if (epoll_ctl(poller, operation, fd, &event) < 0)
        peer_fail("epoll_ctl");
}

static bool holds(const struct side *side) { return side->held_start < side->held_end; }

// A side is read while nothing of it is held, and written to while something of the other is.
static uint32_t wanted_of(const struct side *side)
{
    if (side->connecting)
        return EPOLLOUT;
    if (side->other->connecting)
        return 0;
    return (side->ended || holds(side) ? 0 : EPOLLIN) | (holds(side->other) ? EPOLLOUT : 0);
}

// A side of which nothing is wanted is not watched at all: hang-ups are told whatever is wanted,
// and again and again.
static void update_interest(struct side *side)
{
    uint32_t wanted = wanted_of(side);
    if (wanted == side->interest)
        return;
    watch(side->interest == 0 ? EPOLL_CTL_ADD : wanted == 0 ? EPOLL_CTL_DEL : EPOLL_CTL_MOD, side->fd, wanted, side);
    side->interest = wanted;
}

static void update_both(struct side *side)
{
    update_interest(side);
    update_interest(side->other);
}

static struct tube *take_tube(void)
{
    struct tube *tube = free_tubes;
    if (tube != NULL) {
        free_tubes = tube->next;
        return tube;
    }
    int ends[2];
    tube = malloc(sizeof *tube);
    if (tube == NULL || pipe2(ends, O_NONBLOCK | O_CLOEXEC) < 0 || fcntl(ends[1], F_SETPIPE_SZ, (int)peer.pipe) < 0)
        peer_fail("pipe");
    *tube = (struct tube){.in = ends[1], .out = ends[0]};
    return tube;
}

static void give_tube(struct tube *tube)
{
    tube->next = free_tubes;
    free_tubes = tube;
}

static void forget_held(struct side *side)
{
    free(side->held);
    if (side->tube == NULL)
        return;
    close(side->tube->in); // with what is in it
    close(side->tube->out);
    free(side->tube);
}

static void close_pair(struct pair *pair)
{
    if (pair->closed)
        return;
    pair->closed = true;
    close(pair->near.fd);
    close(pair->far.fd);
    forget_held(&pair->near);
    forget_held(&pair->far);
    pair->next = closed_pairs;
    closed_pairs = pair;
}

static void free_closed(void)
{
    while (closed_pairs != NULL) {
        struct pair *pair = closed_pairs;
        closed_pairs = pair->next;
        free(pair);
    }
}

static bool later(void) { return errno == EAGAIN || errno == EINTR; }

// Bytes that the other side took, or -1 when it is lost. A short count means that its socket
// is full, so asking again would be a wasted call.
static ssize_t send_some(struct side *from, const char *data, size_t length)
{
    ssize_t sent = send(from->other->fd, data, length, MSG_NOSIGNAL);
    return sent < 0 && later() ? 0 : sent;
}

static ssize_t splice_some(struct side *from, size_t length)
{
    ssize_t moved = splice(from->tube->out, NULL, from->other->fd, NULL, length, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
    return moved < 0 && later() ? 0 : moved;
}

static void hold(struct side *side, const char *rest, size_t length)
{
    // Kept once allocated: freeing it each time would cost a mapping and its page faults.
    if (side->held == NULL && (side->held = buffer_new(peer.buffer_size)) == NULL)
        peer_fail("buffer_new");
    memcpy(side->held, rest, length);
    side->held_start = 0;
    side->held_end = length;
}

// Both give what was received, 0 at the end of the stream, -1 with errno.
static ssize_t copy_over(struct side *side)
{
    ssize_t received = recv(side->fd, buffer, peer.buffer_size, 0);
    if (received <= 0)
        return received;
    ssize_t sent = send_some(side, buffer, (size_t)received);
    if (sent >= 0 && sent < received)
        hold(side, buffer + sent, (size_t)(received - sent));
    return sent < 0 ? sent : received;
}

static ssize_t splice_over(struct side *side)
{
    struct tube *tube = side->tube = take_tube();
    ssize_t received = splice(side->fd, NULL, tube->in, NULL, peer.pipe, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
    ssize_t sent = received > 0 ? splice_some(side, (size_t)received) : received;
    if (sent == received) {
        give_tube(tube);
        side->tube = NULL;
        return received;
    }
    side->held_start = 0;
    side->held_end = (size_t)(received - sent);
    return sent < 0 ? sent : received;
}

// False when the pair is lost, or done.
static bool pass_on_end(struct side *side)
{
    side->ended = true;
    return !side->other->ended && shutdown(side->other->fd, SHUT_WR) == 0;
}

static bool on_readable(struct side *side)
{
    ssize_t received = peer.pipe != 0 ? splice_over(side) : copy_over(side);
    if (received < 0)
        return later();
    // What is held is never there at an end: a side is not read before it is gone.
    return received > 0 || pass_on_end(side);
}

static bool on_writable(struct side *side)
{
    struct side *from = side->other;
    size_t left = from->held_end - from->held_start;
    ssize_t sent = from->tube != NULL ? splice_some(from, left) : send_some(from, from->held + from->held_start, left);
    if (sent < 0)
        return false;
    from->held_start += (size_t)sent;
    if (from->tube != NULL && !holds(from)) {
        give_tube(from->tube);
        from->tube = NULL;
    }
    return true;
}

static bool on_connected(struct side *side)
{
    int error = 0;
    socklen_t length = sizeof error;
    getsockopt(side->fd, SOL_SOCKET, SO_ERROR, &error, &length);
    side->connecting = false;
    return error == 0;
}

static bool on_event(struct side *side, uint32_t events)
{
    if (side->connecting)
        return on_connected(side);
    // Hang-ups and errors come whatever the interest is; the call that fails reports them.
    uint32_t due = events & (EPOLLHUP | EPOLLERR) ? side->interest : events & side->interest;
    if ((due & EPOLLOUT) && !on_writable(side))
        return false;
    return !(due & EPOLLIN) || on_readable(side);
}

static void no_delay(int fd)
{
    int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

static bool connect_far(struct side *far)
{
    far->fd = socket(peer.target.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (far->fd < 0)
        peer_fail("socket");
    no_delay(far->fd);
    far->connecting = connect(far->fd, (const struct sockaddr *)&peer.target.storage, peer.target.length) < 0;
    return !far->connecting || errno == EINPROGRESS;
}

static void add_pair(int fd)
{
    struct pair *pair = calloc(1, sizeof *pair);
    if (pair == NULL)
        peer_fail("calloc");
    struct side *near = &pair->near, *far = &pair->far;
    *near = (struct side){.fd = fd, .other = far, .pair = pair};
    *far = (struct side){.other = near, .pair = pair};
    no_delay(fd);
    if (!connect_far(far)) {
        close_pair(pair);
        return;
    }
    update_both(near);
}

static void accept_all(void)
{
    for (int i = 0; i < ACCEPTS_PER_EVENT; i++) {
        int fd = accept4(peer.listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0) {
            // Anything else is the end of one connection that never became ours.
            if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
                peer_fail("accept4");
            return;
        }
        add_pair(fd);
    }
}

static void take_event(const struct epoll_event *event)
{
    struct side *side = event->data.ptr;
    if (side == NULL)
        accept_all();
    else if (side->pair->closed)
        return;
    else if (on_event(side, event->events))
        update_both(side);
    else
        close_pair(side->pair);
}

int main(int argc, char **argv)
{
    peer = peer_start_forwarder(argc, argv);
    buffer = buffer_new(peer.buffer_size);
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
            take_event(&events[i]);
        free_closed();
    }
}
