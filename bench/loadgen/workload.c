#include "workload.h"

#include <string.h>

// Add a workload here.
static const struct workload *const all[] = {
    &echo_workload,
    &stream_workload,
    &lines_workload,
    &item_workload,
    &items_workload,
    &churn_workload,
    &room_workload,
    &forward_workload,
    &forward_stream_workload,
    &forward_churn_workload,
};

const struct workload *workload_find(const char *name)
{
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (strcmp(all[i]->name, name) == 0)
            return all[i];
    return NULL;
}
