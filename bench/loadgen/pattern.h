// The bytes that go out and must come back. Which byte stands at a position follows from
// the connection and the position alone, so that a lost, doubled, swapped or foreign byte is
// seen at once, and nothing has to be remembered.
#ifndef LOADGEN_PATTERN_H
#define LOADGEN_PATTERN_H

#include <stddef.h>
#include <stdint.h>

// The most bytes that pattern_at gives in one piece.
enum { PATTERN_CHUNK = 256 * 1024 };

void pattern_init(void);

// The bytes of this connection from this position on, PATTERN_CHUNK of them. They are sent
// from here and compared with what comes back here, without a copy.
const char *pattern_at(uint32_t connection, uint64_t position);

// Ends the run with a message when data is not what belongs at this position.
void pattern_check(uint32_t connection, uint64_t position, const char *data, size_t length);

#endif
