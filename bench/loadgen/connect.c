#include "connect.h"

#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "fail.h"
#include "options.h"

enum {
    PATIENCE_SECONDS = 10,
    SOURCES = 32,
};

// 127.0.0.2 and on. Elsewhere than on 127.0.0.1 the kernel chooses: it knows the way.
static void choose_source(int fd, const struct address *server, uint32_t number)
{
    const struct sockaddr_in *wanted = (const struct sockaddr_in *)&server->storage;
    if (wanted->sin_family != AF_INET || ntohl(wanted->sin_addr.s_addr) != INADDR_LOOPBACK)
        return;
    int on = 1; // the port is found by connect, which knows the other end
    setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    struct sockaddr_in source = {
        .sin_family = AF_INET,
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1 + number % SOURCES),
    };
    if (bind(fd, (const struct sockaddr *)&source, sizeof source) < 0)
        fail("a source address for connection %" PRIu32 ": %s", number, strerror(errno));
}

void connect_set_up(int fd)
{
    struct timeval patience = {.tv_sec = PATIENCE_SECONDS};
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience); // holds for connect too
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

int connect_to(const struct options *options, uint32_t number)
{
    const struct address *server = &options->server;
    int fd = socket(server->storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        fail("socket for connection %" PRIu32 ": %s", number, strerror(errno));
    choose_source(fd, server, number);
    connect_set_up(fd);
    if (connect(fd, (const struct sockaddr *)&server->storage, server->length) < 0)
        fail("connection %" PRIu32 " cannot be made: %s", number, strerror(errno));
    return fd;
}
