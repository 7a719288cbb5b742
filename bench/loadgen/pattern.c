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

// With lines both are whole lines; 0: no lines.
static uint32_t line_period;
static uint32_t line_stride;

static void cut_into_lines(uint32_t line)
{
    line_period = PERIOD / line * line;
    line_stride = (CONNECTION_STRIDE / line + 1) * line;
    for (size_t i = 0; i < line_period; i++) {
        if ((i + 1) % line == 0)
            bytes[i] = '\n';
        else if (bytes[i] == '\n')
            bytes[i] = '\r'; // any other will do
    }
}

void pattern_init(uint32_t line)
{
    uint32_t state = 2463534242u; // xorshift32: any seed but 0 will do
    for (size_t i = 0; i < PERIOD; i++) {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        bytes[i] = (char)(state >> 24);
    }
    if (line != 0)
        cut_into_lines(line);
    size_t period = line != 0 ? line_period : PERIOD;
    for (size_t i = period; i < sizeof bytes; i++)
        bytes[i] = bytes[i - period];
}

const char *pattern_at(uint32_t connection, uint64_t position)
{
    // Division by a constant is what most workloads pay for each piece.
    if (line_period == 0)
        return bytes + (position + (uint64_t)connection * CONNECTION_STRIDE) % PERIOD;
    return bytes + (position + (uint64_t)connection * line_stride) % line_period;
}

void pattern_check(uint32_t connection, uint32_t sender, uint64_t position, const char *data, size_t length)
{
    const char *expected = pattern_at(sender, position);
    if (memcmp(data, expected, length) == 0)
        return;
    size_t i = 0;
    while (data[i] == expected[i])
        i++;
    fail("wrong byte on connection %" PRIu32 " at position %" PRIu64 ": 0x%02x came back for 0x%02x", connection,
         position + i, (unsigned char)data[i], (unsigned char)expected[i]);
}
