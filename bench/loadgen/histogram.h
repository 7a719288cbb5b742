// Latencies in buckets that are at most 1/64 of their value wide: exact enough for a
// percentile, constant in size, and a few instructions for each message.
#ifndef LOADGEN_HISTOGRAM_H
#define LOADGEN_HISTOGRAM_H

#include <stdint.h>

enum {
    HISTOGRAM_STEPS = 64, // buckets in each doubling of the value
    HISTOGRAM_BUCKETS = 64 * HISTOGRAM_STEPS,
};

struct histogram {
    uint64_t total;
    uint64_t largest;
    uint64_t counts[HISTOGRAM_BUCKETS];
};

void histogram_add(struct histogram *histogram, uint64_t value);

// The value below which this share of all values lies (0.99 for p99); 0 when there are none.
uint64_t histogram_percentile(const struct histogram *histogram, double share);

#endif
