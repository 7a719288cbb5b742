#include "peer.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "address.h"
#include "descriptors.h"

enum {
    BACKLOG = 4096,
    DEFAULT_BUFFER = 256 * 1024, // 64 KiB costs three times as much on streams
    MAX_BUFFER = 16 * 1024 * 1024,
};

_Noreturn void peer_fail(const char *what)
{
    fprintf(stderr, "%s: %s\n", what, strerror(errno));
    exit(1);
}

static _Noreturn void usage(const char *program, const char *problem)
{
    fprintf(stderr,
            "%s: %s\nusage: %s --listen HOST:PORT [--buffer BYTES] [--each BYTES]\n"
            "a forwarder: --connect HOST:PORT [--pipe BYTES] besides\n",
            program, problem, program);
    exit(2);
}

static size_t parse_bytes(const char *program, const char *text, const char *problem)
{
    char *end;
    errno = 0;
    long value = strtol(text, &end, 10);
    if (errno != 0 || *end != '\0' || value < 1 || value > MAX_BUFFER)
        usage(program, problem);
    return (size_t)value;
}

static int open_listener(const struct address *wanted)
{
    int fd = socket(wanted->storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        peer_fail("socket");
    int on = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, (const struct sockaddr *)&wanted->storage, wanted->length) < 0)
        peer_fail("bind");
    if (listen(fd, BACKLOG) < 0)
        peer_fail("listen");
    return fd;
}

void peer_announce(const struct peer *peer)
{
    struct address bound = {.length = sizeof bound.storage};
    if (getsockname(peer->listener, (struct sockaddr *)&bound.storage, &bound.length) < 0)
        peer_fail("getsockname");
    char text[ADDRESS_TEXT];
    address_format(&bound, text);
    printf("listening on %s\n", text);
    fflush(stdout); // stdout is a pipe here, and somebody waits for this line
}

static void end_quietly(int signal_number)
{
    (void)signal_number;
    _exit(0); // nothing to save: the kernel closes the connections
}

static void set(struct peer *peer, struct address *wanted, const char *program, const char *name, const char *value)
{
    if (strcmp(name, "--listen") == 0) {
        if (!address_parse(value, wanted))
            usage(program, "--listen wants a numeric HOST:PORT");
    } else if (strcmp(name, "--connect") == 0) {
        if (!address_parse(value, &peer->target))
            usage(program, "--connect wants a numeric HOST:PORT");
    } else if (strcmp(name, "--buffer") == 0) {
        peer->buffer_size = parse_bytes(program, value, "--buffer wants a number of bytes from 1 to 16777216");
    } else if (strcmp(name, "--each") == 0) {
        peer->each = parse_bytes(program, value, "--each wants a number of bytes from 1 to 16777216");
    } else if (strcmp(name, "--pipe") == 0) {
        peer->pipe = parse_bytes(program, value, "--pipe wants a number of bytes from 1 to 16777216");
    } else {
        usage(program, "unknown option");
    }
}

struct peer peer_open(int argc, char **argv, size_t default_buffer)
{
    struct peer peer = {.buffer_size = default_buffer};
    struct address wanted = {.length = 0};

    for (int i = 1; i < argc; i += 2) {
        if (i + 1 == argc)
            usage(argv[0], "every option wants a value");
        set(&peer, &wanted, argv[0], argv[i], argv[i + 1]);
    }
    if (wanted.length == 0)
        usage(argv[0], "--listen is missing");

    raise_descriptor_limit();
    signal(SIGTERM, end_quietly);
    signal(SIGPIPE, SIG_IGN);
    peer.listener = open_listener(&wanted);
    return peer;
}

struct peer peer_start(int argc, char **argv)
{
    struct peer peer = peer_open(argc, argv, DEFAULT_BUFFER);
    peer_announce(&peer);
    return peer;
}

struct peer peer_start_forwarder(int argc, char **argv)
{
    struct peer peer = peer_open(argc, argv, DEFAULT_BUFFER);
    if (peer.target.length == 0)
        usage(argv[0], "--connect is missing");
    peer_announce(&peer);
    return peer;
}
