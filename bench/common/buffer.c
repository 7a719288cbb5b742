#include "buffer.h"

#include <stdlib.h>

enum { PAGE = 4096 };

void *buffer_new(size_t size) { return aligned_alloc(PAGE, (size + PAGE - 1) / PAGE * PAGE); }
