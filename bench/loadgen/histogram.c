#include "histogram.h"

// Below HISTOGRAM_STEPS every value has a bucket of its own. From there on a bucket is named
// by the position of the highest bit and the six bits after it.
static unsigned bucket_of(uint64_t value)
{
    if (value < HISTOGRAM_STEPS)
        return (unsigned)value;
    unsigned doubling = 63u - (unsigned)__builtin_clzll(value) - 6u;
    return (doubling + 1) * HISTOGRAM_STEPS + (unsigned)(value >> doubling) - HISTOGRAM_STEPS;
}

static uint64_t middle_of(unsigned bucket)
{
    if (bucket < HISTOGRAM_STEPS)
        return bucket;
    unsigned doubling = bucket / HISTOGRAM_STEPS - 1;
    uint64_t start = (uint64_t)(HISTOGRAM_STEPS + bucket % HISTOGRAM_STEPS) << doubling;
    return start + (((uint64_t)1 << doubling) >> 1);
}

void histogram_add(struct histogram *histogram, uint64_t value)
{
    histogram->total++;
    histogram->counts[bucket_of(value)]++;
    if (value > histogram->largest)
        histogram->largest = value;
}

uint64_t histogram_percentile(const struct histogram *histogram, double share)
{
    uint64_t wanted = (uint64_t)(share * (double)histogram->total);
    uint64_t seen = 0;
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
        seen += histogram->counts[i];
        if (seen > wanted)
            return middle_of(i);
    }
    return histogram->largest;
}
