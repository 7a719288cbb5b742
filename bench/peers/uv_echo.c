// Echo on libuv. As uv_room.c: a piece is written where it lies with uv_try_write, which costs
// no request, and only what the socket would not take is copied and queued. Reading stops until
// that is gone.
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "buffer.h"
#include "peer.h"

struct connection {
    uv_tcp_t socket; // first, so that one pointer serves for both
};

struct unsent {
    uv_write_t request; // first, as above
    char data[];
};

static uv_loop_t *loop;
static char *buffer;
static size_t buffer_size;
static size_t each;

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

static void on_closed(uv_handle_t *handle) { free(handle); }

static void leave(struct connection *connection)
{
    if (!uv_is_closing((uv_handle_t *)connection))
        uv_close((uv_handle_t *)connection, on_closed);
}

static void on_allocate(uv_handle_t *handle, size_t suggested, uv_buf_t *out)
{
    (void)handle;
    (void)suggested;
    *out = uv_buf_init(buffer, (unsigned)buffer_size);
}

static void on_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *data);

static void on_written(uv_write_t *request, int status)
{
    struct connection *connection = (struct connection *)request->handle;
    free(request);
    if (status < 0 || uv_read_start((uv_stream_t *)connection, on_allocate, on_read) < 0)
        leave(connection);
}

static void write_later(struct connection *connection, const char *data, size_t length)
{
    struct unsent *unsent = need(malloc(sizeof *unsent + length));
    memcpy(unsent->data, data, length);
    uv_buf_t piece = uv_buf_init(unsent->data, (unsigned)length);
    uv_read_stop((uv_stream_t *)connection);
    if (uv_write(&unsent->request, (uv_stream_t *)connection, &piece, 1, on_written) < 0) {
        free(unsent);
        leave(connection);
    }
}

static void send_back(struct connection *connection, char *data, size_t length)
{
    while (length > 0) {
        size_t size = each != 0 && length > each ? each : length;
        uv_buf_t piece = uv_buf_init(data, (unsigned)size);
        int sent = uv_try_write((uv_stream_t *)connection, &piece, 1);
        if (sent == UV_EAGAIN)
            sent = 0;
        if (sent < 0) {
            leave(connection);
            return;
        }
        data += sent;
        length -= (size_t)sent;
        if ((size_t)sent < size) {
            write_later(connection, data, length);
            return;
        }
    }
}

static void on_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *data)
{
    // Nothing waits to be sent here: reading stops while it does.
    struct connection *connection = (struct connection *)stream;
    if (count < 0)
        leave(connection);
    else
        send_back(connection, data->base, (size_t)count);
}

static void on_connection(uv_stream_t *listener, int status)
{
    check(status, "connection");
    struct connection *connection = need(calloc(1, sizeof *connection));
    check(uv_tcp_init(loop, &connection->socket), "uv_tcp_init");
    uv_stream_t *stream = (uv_stream_t *)connection;
    if (uv_accept(listener, stream) < 0 || uv_tcp_nodelay(&connection->socket, 1) < 0
        || uv_read_start(stream, on_allocate, on_read) < 0)
        leave(connection); // it has gone already
}

int main(int argc, char **argv)
{
    struct peer peer = peer_start(argc, argv);
    buffer_size = peer.buffer_size;
    each = peer.each;
    buffer = need(buffer_new(buffer_size));
    loop = uv_default_loop();
    uv_tcp_t listener;
    check(uv_tcp_init(loop, &listener), "uv_tcp_init");
    check(uv_tcp_open(&listener, peer.listener), "uv_tcp_open");
    check(uv_listen((uv_stream_t *)&listener, 4096, on_connection), "uv_listen");
    uv_run(loop, UV_RUN_DEFAULT);
    return 0;
}
