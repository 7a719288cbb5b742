#define _GNU_SOURCE
#include "clock.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "fail.h"

static uint64_t nanoseconds(clockid_t clock)
{
    struct timespec time;
    if (clock_gettime(clock, &time) != 0)
        fail("a clock cannot be read: the process it belongs to has ended");
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

uint64_t clock_now(void) { return nanoseconds(CLOCK_MONOTONIC); }

uint64_t clock_own_cpu(void) { return nanoseconds(CLOCK_PROCESS_CPUTIME_ID); }

uint64_t clock_cpu_of(pid_t pid)
{
    clockid_t clock;
    int error = clock_getcpuclockid(pid, &clock);
    if (error != 0)
        fail("the CPU time of process %d cannot be read: %s", (int)pid, strerror(error));
    return nanoseconds(clock);
}

uint64_t clock_waited_by(pid_t pid)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
    DIR *threads = opendir(path);
    if (threads == NULL)
        return 0;
    uint64_t sum = 0;
    for (struct dirent *thread; (thread = readdir(threads)) != NULL;) {
        char file[340];
        snprintf(file, sizeof file, "%s/%s/schedstat", path, thread->d_name);
        FILE *stream = fopen(file, "re"); // fails for "." and "..", and for a thread that just ended
        uint64_t waited;
        if (stream == NULL)
            continue;
        if (fscanf(stream, "%*u %" SCNu64, &waited) == 1)
            sum += waited;
        fclose(stream);
    }
    closedir(threads);
    return sum;
}

// statm would do but for its precision: it leaves out what each processor has yet to add.
uint64_t clock_resident_of(pid_t pid)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/smaps_rollup", (int)pid);
    FILE *stream = fopen(path, "re");
    if (stream == NULL)
        fail("the memory of process %d cannot be read: %s", (int)pid, strerror(errno));
    uint64_t kibibytes = 0;
    bool found = false;
    for (char line[256]; !found && fgets(line, sizeof line, stream) != NULL;)
        found = sscanf(line, "Rss: %" SCNu64, &kibibytes) == 1;
    fclose(stream);
    if (!found)
        fail("the memory of process %d is not told", (int)pid);
    return kibibytes * 1024;
}
