#include "pattern.h"

#include <inttypes.h>
#include <string.h>

#include "fail.h"

// A prime, so that no message or buffer size makes the pattern repeat in step with it. Small
// enough to stay in the cache beside the data that is compared with it.
enum { PERIOD = 65521 };

// Neighbouring connections are this far apart, so that they never look alike.
enum { CONNECTION_STRIDE = 7919 };

static char bytes[PERIOD + PATTERN_CHUNK];

void pattern_init(void)
{
    uint32_t state = 2463534242u; // xorshift32: any seed but 0 will do
    for (size_t i = 0; i < PERIOD; i++) {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        bytes[i] = (char)(state >> 24);
    }
    for (size_t i = PERIOD; i < sizeof bytes; i++)
        bytes[i] = bytes[i - PERIOD];
}

const char *pattern_at(uint32_t connection, uint64_t position)
{
    return bytes + (position + (uint64_t)connection * CONNECTION_STRIDE) % PERIOD;
}

void pattern_check(uint32_t connection, uint64_t position, const char *data, size_t length)
{
    const char *expected = pattern_at(connection, position);
    if (memcmp(data, expected, length) == 0)
        return;
    size_t i = 0;
    while (data[i] == expected[i])
        i++;
    fail("wrong byte on connection %" PRIu32 " at position %" PRIu64 ": 0x%02x came back for 0x%02x", connection,
         position + i, (unsigned char)data[i], (unsigned char)expected[i]);
}
