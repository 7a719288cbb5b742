// HOST:PORT as text, and back. Numeric only: a benchmark must not wait for a name server.
#ifndef BENCH_ADDRESS_H
#define BENCH_ADDRESS_H

#include <stdbool.h>
#include <sys/socket.h>

struct address {
    struct sockaddr_storage storage;
    socklen_t length;
};

// Room for "[IPv6]:port" and its terminator.
enum { ADDRESS_TEXT = 80 };

// Accepts "127.0.0.1:7" and "[::1]:7". False when the text is neither.
bool address_parse(const char *text, struct address *out);

// Writes the address into text, which holds ADDRESS_TEXT bytes.
void address_format(const struct address *address, char *text);

#endif
