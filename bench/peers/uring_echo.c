// Echo on io_uring by its system calls: what the kernel can do where the program is as thin as
// it gets. One multishot accept, one multishot receive for each connection into a ring of
// buffers they all share, and sends that are handed over by the call that waits. A buffer is
// sent from where it lies and goes back when it has been sent.
//
// A client that does not read keeps buffers, and many of them all: then nobody is received from
// until one comes back. A server for strangers needs a limit for each; this one measures.
#define _GNU_SOURCE
#include <errno.h>
#include <linux/io_uring.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "buffer.h"
#include "peer.h"

enum {
    SUBMISSIONS = 1024,
    COMPLETIONS = 16384,
    SMALL = 16 * 1024,      // up to here a buffer is small, and there are many
    SMALL_BUFFERS = 128,    // few enough to stay in the cache: 4 KiB each by default
    LARGE_BUFFERS = 16,     // for streams: 512 KiB each
    DEFAULT_BUFFER = 4096,  // not what peer.h has: 256 KiB for every small message is slow
    NO_BUFFER = UINT16_MAX,
    GROUP = 0,
};

// The low bits of what a completion carries; the rest is the connection's address.
enum { ACCEPT, RECEIVE, SEND, KIND_MASK = 3 };

struct connection {
    int fd;
    bool receiving; // a receive is armed
    bool sending;   // a send is under way, of the first buffer
    bool starved;   // the receive ended because there were no buffers
    bool ended;     // nothing comes any more
    bool lost;      // and nothing can be sent
    uint16_t first; // buffers that wait to be sent, a list
    uint16_t last;
    struct connection *next_starved;
};

static struct {
    int fd;
    unsigned *sq_head, *sq_tail, sq_mask, sq_local;
    struct io_uring_sqe *sqes;
    unsigned *cq_head, *cq_tail, cq_mask;
    struct io_uring_cqe *cqes;
} ring;

static struct io_uring_buf_ring *pool;
static char *memory;
static uint16_t buffers;
static uint16_t pool_tail;
static size_t buffer_size;
static int listener;

// Of a buffer that waits to be sent.
static uint16_t following[SMALL_BUFFERS];
static uint32_t lengths[SMALL_BUFFERS];

static unsigned taken; // buffers that the kernel does not have

// Connections that wait for a buffer, the first in line first.
static struct connection *starved_first;
static struct connection **starved_end = &starved_first;

static int enter(unsigned submit, unsigned wait)
{
    unsigned flags = IORING_ENTER_GETEVENTS;
    int result = (int)syscall(SYS_io_uring_enter, ring.fd, submit, wait, flags, NULL, 0);
    if (result < 0 && errno != EINTR && errno != EBUSY && errno != EAGAIN)
        peer_fail("io_uring_enter");
    return result;
}

// Hands over what has been prepared and waits for so many completions.
static void submit(unsigned wait)
{
    __atomic_store_n(ring.sq_tail, ring.sq_local, __ATOMIC_RELEASE);
    enter(ring.sq_local - __atomic_load_n(ring.sq_head, __ATOMIC_ACQUIRE), wait);
}

static struct io_uring_sqe *prepare(uint8_t operation, int fd, struct connection *connection, unsigned kind)
{
    while (ring.sq_local - __atomic_load_n(ring.sq_head, __ATOMIC_ACQUIRE) == SUBMISSIONS)
        submit(0);
    struct io_uring_sqe *entry = &ring.sqes[ring.sq_local++ & ring.sq_mask];
    memset(entry, 0, sizeof *entry);
    entry->opcode = operation;
    entry->fd = fd;
    entry->user_data = (uintptr_t)connection | kind;
    return entry;
}

static void arm_accept(void)
{
    struct io_uring_sqe *entry = prepare(IORING_OP_ACCEPT, listener, NULL, ACCEPT);
    entry->ioprio = IORING_ACCEPT_MULTISHOT;
    entry->accept_flags = SOCK_CLOEXEC;
}

static void arm_receive(struct connection *connection)
{
    struct io_uring_sqe *entry = prepare(IORING_OP_RECV, connection->fd, connection, RECEIVE);
    entry->ioprio = IORING_RECV_MULTISHOT;
    entry->flags = IOSQE_BUFFER_SELECT;
    entry->buf_group = GROUP;
    connection->receiving = true;
}

// MSG_WAITALL: the kernel itself goes on until the whole buffer is sent.
static void arm_send(struct connection *connection)
{
    uint16_t id = connection->first;
    struct io_uring_sqe *entry = prepare(IORING_OP_SEND, connection->fd, connection, SEND);
    entry->addr = (uintptr_t)(memory + id * buffer_size);
    entry->len = lengths[id];
    entry->msg_flags = MSG_NOSIGNAL | MSG_WAITALL;
    connection->sending = true;
}

// Published at the end of the pass, by give_back.
static void recycle(uint16_t id)
{
    struct io_uring_buf *place = &pool->bufs[pool_tail & (buffers - 1)];
    place->addr = (uintptr_t)(memory + id * buffer_size);
    place->len = (uint32_t)buffer_size;
    place->bid = id;
    pool_tail++;
    taken--;
}

static void recycle_first(struct connection *connection)
{
    uint16_t id = connection->first;
    connection->first = following[id];
    recycle(id);
}

// Closed when it has no request in the ring any more: its memory is in their completions.
static void close_if_done(struct connection *connection)
{
    if (connection->lost)
        while (connection->first != NO_BUFFER && !connection->sending)
            recycle_first(connection);
    if (!connection->ended || connection->receiving || connection->starved || connection->sending
        || connection->first != NO_BUFFER)
        return;
    close(connection->fd);
    free(connection);
}

static void on_accepted(int fd, bool more)
{
    if (!more)
        arm_accept();
    if (fd < 0) {
        errno = -fd;
        if (fd == -EMFILE || fd == -ENFILE || fd == -ENOMEM || fd == -EINVAL)
            peer_fail("accept");
        return;
    }
    int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    struct connection *connection = calloc(1, sizeof *connection);
    if (connection == NULL)
        peer_fail("calloc");
    connection->fd = fd;
    connection->first = NO_BUFFER;
    arm_receive(connection);
}

static void queue_send(struct connection *connection, uint16_t id, uint32_t length)
{
    lengths[id] = length;
    following[id] = NO_BUFFER;
    if (connection->first == NO_BUFFER)
        connection->first = id;
    else
        following[connection->last] = id;
    connection->last = id;
    if (!connection->sending)
        arm_send(connection);
}

// Armed again when buffers have come back: before, it would end at once.
static void wait_for_buffers(struct connection *connection)
{
    connection->starved = true;
    connection->next_starved = NULL;
    *starved_end = connection;
    starved_end = &connection->next_starved;
}

static void on_received(struct connection *connection, const struct io_uring_cqe *completion)
{
    int result = completion->res;
    connection->receiving = (completion->flags & IORING_CQE_F_MORE) != 0;
    if (completion->flags & IORING_CQE_F_BUFFER) {
        uint16_t id = (uint16_t)(completion->flags >> IORING_CQE_BUFFER_SHIFT);
        taken++;
        if (result > 0 && !connection->lost)
            queue_send(connection, id, (uint32_t)result);
        else
            recycle(id);
    }
    if (result == -ENOBUFS) {
        wait_for_buffers(connection);
        return;
    }
    if (result <= 0) {
        connection->ended = true;
        connection->lost |= result < 0;
    } else if (!connection->receiving && !connection->lost) {
        arm_receive(connection);
    } else if (!connection->receiving) {
        connection->ended = true;
    }
    close_if_done(connection);
}

static void on_sent(struct connection *connection, int result)
{
    connection->sending = false;
    if (result < (int)lengths[connection->first]) {
        connection->lost = true;
        shutdown(connection->fd, SHUT_RDWR); // ends the receive
    }
    recycle_first(connection);
    if (!connection->lost && connection->first != NO_BUFFER)
        arm_send(connection);
    close_if_done(connection);
}

static void on_completion(const struct io_uring_cqe *completion)
{
    struct connection *connection = (struct connection *)(uintptr_t)(completion->user_data & ~(uint64_t)KIND_MASK);
    switch (completion->user_data & KIND_MASK) {
    case ACCEPT:
        on_accepted(completion->res, (completion->flags & IORING_CQE_F_MORE) != 0);
        break;
    case RECEIVE:
        on_received(connection, completion);
        break;
    default:
        on_sent(connection, completion->res);
    }
}

// Buffers first, then those who wait for some: as many as there are buffers for.
static void give_back(void)
{
    __atomic_store_n(&pool->tail, pool_tail, __ATOMIC_RELEASE);
    for (unsigned left = buffers - taken; left > 0 && starved_first != NULL; left--) {
        struct connection *connection = starved_first;
        starved_first = connection->next_starved;
        if (starved_first == NULL)
            starved_end = &starved_first;
        connection->starved = false;
        if (connection->lost) {
            connection->ended = true;
            close_if_done(connection);
        } else {
            arm_receive(connection);
        }
    }
}

static _Noreturn void serve(void)
{
    for (;;) {
        submit(1);
        unsigned head = *ring.cq_head;
        while (head != __atomic_load_n(ring.cq_tail, __ATOMIC_ACQUIRE)) {
            struct io_uring_cqe completion = ring.cqes[head++ & ring.cq_mask];
            __atomic_store_n(ring.cq_head, head, __ATOMIC_RELEASE);
            on_completion(&completion);
        }
        give_back();
    }
}

static void *map(size_t size, uint64_t offset)
{
    void *mapped = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring.fd, (off_t)offset);
    if (mapped == MAP_FAILED)
        peer_fail("mmap of the ring");
    return mapped;
}

static void set_up_ring(void)
{
    struct io_uring_params parameters = {
        .flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_COOP_TASKRUN
                 | IORING_SETUP_CQSIZE,
        .cq_entries = COMPLETIONS,
    };
    ring.fd = (int)syscall(SYS_io_uring_setup, SUBMISSIONS, &parameters);
    if (ring.fd < 0)
        peer_fail("io_uring is not available: io_uring_setup");
    if ((parameters.features & IORING_FEAT_SINGLE_MMAP) == 0 || (parameters.features & IORING_FEAT_NODROP) == 0)
        peer_fail("io_uring is too old");

    size_t submissions = parameters.sq_off.array + parameters.sq_entries * sizeof(unsigned);
    size_t completions = parameters.cq_off.cqes + parameters.cq_entries * sizeof(struct io_uring_cqe);
    char *rings = map(submissions > completions ? submissions : completions, IORING_OFF_SQ_RING);
    ring.sqes = map(parameters.sq_entries * sizeof(struct io_uring_sqe), IORING_OFF_SQES);
    ring.sq_head = (unsigned *)(rings + parameters.sq_off.head);
    ring.sq_tail = (unsigned *)(rings + parameters.sq_off.tail);
    ring.sq_mask = *(unsigned *)(rings + parameters.sq_off.ring_mask);
    ring.cq_head = (unsigned *)(rings + parameters.cq_off.head);
    ring.cq_tail = (unsigned *)(rings + parameters.cq_off.tail);
    ring.cq_mask = *(unsigned *)(rings + parameters.cq_off.ring_mask);
    ring.cqes = (struct io_uring_cqe *)(rings + parameters.cq_off.cqes);

    // Entries are used in turn, so the table of indices stays as it is.
    unsigned *indices = (unsigned *)(rings + parameters.sq_off.array);
    for (unsigned i = 0; i < parameters.sq_entries; i++)
        indices[i] = i;
}

static void set_up_buffers(void)
{
    buffers = buffer_size <= SMALL ? SMALL_BUFFERS : LARGE_BUFFERS;
    memory = buffer_new(buffers * buffer_size);
    pool = buffer_new(buffers * sizeof(struct io_uring_buf));
    if (memory == NULL || pool == NULL)
        peer_fail("memory");
    memset(pool, 0, buffers * sizeof(struct io_uring_buf));
    struct io_uring_buf_reg registration = {
        .ring_addr = (uintptr_t)pool,
        .ring_entries = buffers,
        .bgid = GROUP,
    };
    if (syscall(SYS_io_uring_register, ring.fd, IORING_REGISTER_PBUF_RING, &registration, 1) < 0)
        peer_fail("io_uring is too old: IORING_REGISTER_PBUF_RING");
    taken = buffers;
    for (uint16_t id = 0; id < buffers; id++)
        recycle(id);
    give_back();
}

int main(int argc, char **argv)
{
    struct peer peer = peer_open(argc, argv, DEFAULT_BUFFER);
    listener = peer.listener;
    buffer_size = peer.buffer_size;
    set_up_ring(); // before anybody is told that we listen
    set_up_buffers();
    arm_accept();
    peer_announce(&peer);
    serve();
}
