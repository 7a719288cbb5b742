#ifndef BENCH_DESCRIPTORS_H
#define BENCH_DESCRIPTORS_H

// Raises the soft limit on open descriptors to the hard one, so that a run with many
// connections needs no ulimit beforehand.
void raise_descriptor_limit(void);

#endif
