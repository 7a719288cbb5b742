// The far ends of what goes through a forwarder: it connects to us, and we accept.
#ifndef LOADGEN_FAR_H
#define LOADGEN_FAR_H

#include <stdint.h>

struct address;
struct run;

struct far_pair {
    int near;
    int far;
};

// A listener there; accepting does not wait.
int far_listen(const struct address *address);

// The next one that the forwarder has connected, as connect_to makes them; -1 when there is none.
int far_accept(const struct run *run);

// The same, but waits ten seconds at most for what comes of the connection with this number.
int far_await(const struct run *run, uint32_t number);

// Ends pairs, and sees that the forwarder passes on their ends, and nothing else any more.
void far_end_pairs(const struct far_pair *pairs, uint32_t count);

#endif
