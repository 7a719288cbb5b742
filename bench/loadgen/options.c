#include "options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pattern.h"
#include "workload.h"

enum {
    MAX_CONNECTIONS = 200000,
    MAX_SIZE = PATTERN_CHUNK,
    MAX_DEPTH = 4096,
    MAX_SECONDS = 600,
};

static const uint64_t MAX_TOTAL = (uint64_t)1 << 40;

static const char USAGE[] = "usage: loadgen --connect HOST:PORT [options]\n"
                            "  --workload NAME   echo: a batch at once, the next when all came back (default)\n"
                            "                    stream: as many messages in flight as --depth says, all the time\n"
                            "                    lines: as echo, messages are lines\n"
                            "                    item: one way, messages are of --total bytes, the last\n"
                            "                          five CR LF . CR LF; a + acknowledges each\n"
                            "                    items: the same in lines of --size bytes\n"
                            "                    churn: connect, a byte and back, both ends close, connect\n"
                            "                    room: all get what the first sends, after a + for each\n"
                            "                    forward: as echo, through a forwarder to --serve and back\n"
                            "                    forward-stream: as stream, one way to --serve\n"
                            "                    forward-churn: connect, a byte and back from --serve, the far\n"
                            "                          end closes, then the near one, connect\n"
                            "  --serve HOST:PORT where the forwarder connects to\n"
                            "  --connections N   connections (default 1)\n"
                            "  --idle N          measure three times: so many idle connections beside them, and\n"
                            "                    before and after without; wants --server-pid (default none)\n"
                            "  --size BYTES      bytes in a message or line (default 64)\n"
                            "  --total BYTES     bytes in an upload (default 1 GiB)\n"
                            "  --depth N         messages in flight on a connection (default 1)\n"
                            "  --warmup S        seconds before the measured window (default 0.5)\n"
                            "  --duration S      seconds of the measured window (default 2)\n"
                            "  --messages N      measure this many messages instead of a duration\n"
                            "  --server-pid PID  read the server's CPU time too\n"
                            "Prints one JSON object. Exit code 1: lost or wrong bytes, no answer; 2: wrong usage.\n";

static _Noreturn void wrong(const char *option, const char *wanted)
{
    fprintf(stderr, "loadgen: %s %s\n%s", option, wanted, USAGE);
    exit(2);
}

static uint64_t whole(const char *option, const char *text, uint64_t least, uint64_t most)
{
    char *end;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || *text == '-' || value < least || value > most) {
        char wanted[80];
        snprintf(wanted, sizeof wanted, "wants a whole number from %llu to %llu", (unsigned long long)least,
                 (unsigned long long)most);
        wrong(option, wanted);
    }
    return value;
}

static double seconds(const char *option, const char *text)
{
    char *end;
    double value = strtod(text, &end);
    if (end == text || *end != '\0' || !(value >= 0 && value <= MAX_SECONDS))
        wrong(option, "wants seconds from 0 to 600");
    return value;
}

static void set(struct options *options, const char *name, const char *value)
{
    if (strcmp(name, "--connect") == 0) {
        if (!address_parse(value, &options->server))
            wrong(name, "wants a numeric HOST:PORT");
    } else if (strcmp(name, "--serve") == 0) {
        if (!address_parse(value, &options->served))
            wrong(name, "wants a numeric HOST:PORT");
    } else if (strcmp(name, "--workload") == 0) {
        options->workload = workload_find(value);
        if (options->workload == NULL)
            wrong(name, "names no workload");
    } else if (strcmp(name, "--connections") == 0) {
        options->connections = (uint32_t)whole(name, value, 1, MAX_CONNECTIONS);
    } else if (strcmp(name, "--idle") == 0) {
        options->idle = (uint32_t)whole(name, value, 1, MAX_CONNECTIONS);
    } else if (strcmp(name, "--size") == 0) {
        options->size = (uint32_t)whole(name, value, 1, MAX_SIZE);
    } else if (strcmp(name, "--total") == 0) {
        options->total = whole(name, value, 1, MAX_TOTAL);
    } else if (strcmp(name, "--depth") == 0) {
        options->depth = (uint32_t)whole(name, value, 1, MAX_DEPTH);
    } else if (strcmp(name, "--warmup") == 0) {
        options->warmup = seconds(name, value);
    } else if (strcmp(name, "--duration") == 0) {
        options->duration = seconds(name, value);
    } else if (strcmp(name, "--messages") == 0) {
        options->messages = whole(name, value, 1, UINT32_MAX);
    } else if (strcmp(name, "--server-pid") == 0) {
        options->server_pid = (pid_t)whole(name, value, 1, INT32_MAX);
    } else {
        wrong(name, "is unknown");
    }
}

static void check(const struct options *options)
{
    const struct workload *workload = options->workload;
    if (options->server.length == 0)
        wrong("--connect", "is missing");
    if (workload->forwarded != (options->served.length != 0))
        wrong("--serve", workload->forwarded ? "is missing" : "is for forwarders only");
    if (options->idle != 0 && options->server_pid == 0)
        wrong("--idle", "wants --server-pid");
    if (options->idle != 0 && workload->forwarded && !workload->pairs)
        wrong("--idle", "wants another workload");
    if (workload->lines && (options->size < 2 || options->size > PATTERN_LONGEST_LINE))
        wrong("--size", "wants 2 to 32768 bytes for a line");
}

struct options options_parse(int argc, char **argv)
{
    struct options options = {
        .workload = workload_find("echo"),
        .connections = 1,
        .size = 64,
        .total = (uint64_t)1 << 30,
        .depth = 1,
        .warmup = 0.5,
        .duration = 2,
    };
    for (int i = 1; i < argc; i += 2) {
        if (strcmp(argv[i], "--help") == 0) {
            fputs(USAGE, stdout);
            exit(0);
        }
        if (i + 1 == argc)
            wrong(argv[i], "wants a value");
        set(&options, argv[i], argv[i + 1]);
    }
    check(&options);
    return options;
}
