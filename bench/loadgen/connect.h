// A connection to the server.
#ifndef LOADGEN_CONNECT_H
#define LOADGEN_CONNECT_H

#include <stdint.h>

struct options;

// Connected, blocking, TCP_NODELAY; sending and receiving wait ten seconds at most. The number
// picks the source address: a server on 127.0.0.1 is reached from 32 addresses of the loopback
// network, because one has some 28,000 ports only.
int connect_to(const struct options *options, uint32_t number);

// Makes a socket one that waits no longer than that, and TCP_NODELAY.
void connect_set_up(int fd);

#endif
