// Time, and CPU time, in nanoseconds.
#ifndef LOADGEN_CLOCK_H
#define LOADGEN_CLOCK_H

#include <stdint.h>
#include <sys/types.h>

uint64_t clock_now(void);     // monotonic
uint64_t clock_own_cpu(void); // user and system time of this process

// User and system time of another process, all its threads, also those that have ended.
// The process's own clock is exact where /proc/PID/stat counts in ticks of 10 ms and
// /proc/PID/task/*/schedstat forgets threads that are gone.
uint64_t clock_cpu_of(pid_t pid);

// How long the threads of a process were ready to run while others had their processor: what
// a disturbed run is known by. 0 where the kernel does not tell.
uint64_t clock_waited_by(pid_t pid);

// Not time: the bytes of memory that a process has resident.
uint64_t clock_resident_of(pid_t pid);

#endif
