// The bytes that go out and must come back. Which byte stands at a position follows from
// the connection and the position alone, so that a lost, doubled, swapped or foreign byte is
// seen at once, and nothing has to be remembered.
#ifndef LOADGEN_PATTERN_H
#define LOADGEN_PATTERN_H

#include <stddef.h>
#include <stdint.h>

enum {
    PATTERN_CHUNK = 256 * 1024, // the most bytes that pattern_at gives in one piece
    PATTERN_LONGEST_LINE = 32 * 1024,
};

// Any bytes where line is 0. Otherwise lines of so many bytes, each ending with the only line
// feed in it.
void pattern_init(uint32_t line);

// The bytes of this connection from this position on, PATTERN_CHUNK of them. They are sent
// from here and compared with what comes back here, without a copy.
const char *pattern_at(uint32_t connection, uint64_t position);

// Ends the run with a message when data, which came on a connection, is not what the sender has
// at this position. The sender is most often the connection itself.
void pattern_check(uint32_t connection, uint32_t sender, uint64_t position, const char *data, size_t length);

#endif
