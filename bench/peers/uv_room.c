// A room on libuv: each line that a member sends goes to every member. What a careful C
// programmer writes: a line is written where it lies with uv_try_write, which costs no
// request, and only what the socket would not take is copied and queued.
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "buffer.h"
#include "peer.h"

enum {
    LONGEST_LINE = 64 * 1024,
    MOST_QUEUED = 16 * 1024 * 1024, // a member that lets so much wait is not listening
};

struct member {
    uv_tcp_t socket; // first, so that one pointer serves for both
    size_t index;    // in members
    char *partial;   // a line whose end has not come; NULL until that happens once
    size_t partial_length;
};

struct unsent {
    uv_write_t request; // first, as above
    char data[];
};

static uv_loop_t *loop;
static char *buffer;
static size_t buffer_size;
static struct member **members;
static size_t member_count;
static size_t member_room;

static void check(int result, const char *what)
{
    if (result < 0) {
        errno = -result;
        peer_fail(what);
    }
}

static void *need(void *memory)
{
    if (memory == NULL)
        peer_fail("memory");
    return memory;
}

static void on_closed(uv_handle_t *handle)
{
    struct member *member = (struct member *)handle;
    free(member->partial);
    free(member);
}

// The last takes the place of the one that goes: who walks the members does so from the back.
static void leave(struct member *member)
{
    if (uv_is_closing((uv_handle_t *)member))
        return;
    struct member *last = members[--member_count];
    members[member->index] = last;
    last->index = member->index;
    uv_close((uv_handle_t *)member, on_closed);
}

static void on_written(uv_write_t *request, int status)
{
    struct member *member = (struct member *)request->handle;
    free(request);
    if (status < 0)
        leave(member);
}

static void write_later(struct member *member, const char *data, size_t length)
{
    if (uv_stream_get_write_queue_size((uv_stream_t *)member) > MOST_QUEUED) {
        leave(member);
        return;
    }
    struct unsent *unsent = need(malloc(sizeof *unsent + length));
    memcpy(unsent->data, data, length);
    uv_buf_t piece = uv_buf_init(unsent->data, (unsigned)length);
    if (uv_write(&unsent->request, (uv_stream_t *)member, &piece, 1, on_written) < 0) {
        free(unsent);
        leave(member);
    }
}

static void write_to(struct member *member, const char *data, size_t length)
{
    uv_buf_t piece = uv_buf_init((char *)data, (unsigned)length);
    int sent = uv_try_write((uv_stream_t *)member, &piece, 1);
    if (sent == UV_EAGAIN)
        sent = 0; // also where something waits already: order is kept
    if (sent < 0)
        leave(member);
    else if ((size_t)sent < length)
        write_later(member, data + sent, length - (size_t)sent);
}

static void broadcast(const char *line, size_t length)
{
    for (size_t i = member_count; i-- > 0;)
        write_to(members[i], line, length);
}

// False when the line is too long.
static bool keep_partial(struct member *member, const char *data, size_t length)
{
    if (length > LONGEST_LINE - member->partial_length)
        return false;
    if (member->partial == NULL)
        member->partial = need(malloc(LONGEST_LINE));
    memcpy(member->partial + member->partial_length, data, length);
    member->partial_length += length;
    return true;
}

static bool take(struct member *member, const char *data, size_t length)
{
    while (length > 0) {
        const char *feed = memchr(data, '\n', length);
        size_t piece = feed == NULL ? length : (size_t)(feed - data) + 1;
        if (feed != NULL && member->partial_length == 0) {
            broadcast(data, piece);
        } else {
            if (!keep_partial(member, data, piece))
                return false;
            if (feed != NULL) {
                broadcast(member->partial, member->partial_length);
                member->partial_length = 0;
            }
        }
        data += piece;
        length -= piece;
    }
    return true;
}

static void on_allocate(uv_handle_t *handle, size_t suggested, uv_buf_t *out)
{
    (void)handle;
    (void)suggested;
    *out = uv_buf_init(buffer, (unsigned)buffer_size);
}

static void on_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *data)
{
    struct member *member = (struct member *)stream;
    if (count < 0 || (count > 0 && !take(member, data->base, (size_t)count)))
        leave(member);
}

static void on_connection(uv_stream_t *listener, int status)
{
    check(status, "connection");
    struct member *member = need(calloc(1, sizeof *member));
    check(uv_tcp_init(loop, &member->socket), "uv_tcp_init");
    if (member_count == member_room) {
        member_room = member_room == 0 ? 1024 : member_room * 2;
        members = need(realloc(members, member_room * sizeof *members));
    }
    member->index = member_count;
    members[member_count++] = member;
    uv_stream_t *stream = (uv_stream_t *)member;
    if (uv_accept(listener, stream) < 0 || uv_tcp_nodelay(&member->socket, 1) < 0
        || uv_read_start(stream, on_allocate, on_read) < 0) {
        leave(member); // it has gone already
        return;
    }
    write_to(member, "+", 1); // it is in the room
}

int main(int argc, char **argv)
{
    struct peer peer = peer_start(argc, argv);
    buffer_size = peer.buffer_size;
    buffer = need(buffer_new(buffer_size));
    loop = uv_default_loop();
    uv_tcp_t listener;
    check(uv_tcp_init(loop, &listener), "uv_tcp_init");
    check(uv_tcp_open(&listener, peer.listener), "uv_tcp_open");
    check(uv_listen((uv_stream_t *)&listener, 4096, on_connection), "uv_listen");
    uv_run(loop, UV_RUN_DEFAULT);
    return 0;
}
