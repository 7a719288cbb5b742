#ifndef BENCH_BUFFER_H
#define BENCH_BUFFER_H

#include <stddef.h>

// Memory that starts on a page; NULL when there is none. The kernel keeps what it received in
// whole pages, and on some processors (AMD Zen 3 and 4) its copy is four times slower when the
// target lies 1 to 31 bytes further into a page than the source, which is exactly where
// malloc puts a large block: 16 bytes after the start of one.
void *buffer_new(size_t size);

#endif
