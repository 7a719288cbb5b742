#include "report.h"

#include <inttypes.h>
#include <stdio.h>

// The generator is called the bottleneck when it had no time left and the server had.
static const double GENERATOR_FULL = 0.95;
static const double SERVER_NOT_FULL = 0.90;

static double microseconds(uint64_t nanoseconds) { return (double)nanoseconds / 1000; }

static void print_latency(const struct histogram *latency)
{
    printf("  \"latency_us\": {\"p50\": %.2f, \"p99\": %.2f, \"p99_9\": %.2f, \"max\": %.2f},\n",
           microseconds(histogram_percentile(latency, 0.5)), microseconds(histogram_percentile(latency, 0.99)),
           microseconds(histogram_percentile(latency, 0.999)), microseconds(latency->largest));
}

// A thread that ended takes its share of the sum with it: never less than nothing.
static double server_waited(const struct run *run)
{
    double waited = (double)run->window.end.server_waited - (double)run->window.begin.server_waited;
    return waited > 0 ? waited : 0;
}

// Without the server's pid nobody knows who waited for whom: null, not a guess.
static void print_cpu(const struct run *run, double wall)
{
    const struct instant *begin = &run->window.begin;
    const struct instant *end = &run->window.end;
    double own = (double)(end->own_cpu - begin->own_cpu) / wall;
    printf("  \"loadgen_cpu\": %.4f,\n", own);
    printf("  \"loadgen_waited\": %.4f,\n", (double)(end->own_waited - begin->own_waited) / wall);
    if (run->options->server_pid == 0) {
        printf("  \"server_cpu\": null,\n  \"server_waited\": null,\n");
        printf("  \"server_cpu_us_per_message\": null,\n  \"loadgen_bound\": null\n");
        return;
    }
    uint64_t spent = end->server_cpu - begin->server_cpu;
    double server = (double)spent / wall;
    printf("  \"server_cpu\": %.4f,\n", server);
    printf("  \"server_waited\": %.4f,\n", server_waited(run) / wall);
    if (run->window.messages == 0)
        printf("  \"server_cpu_us_per_message\": null,\n");
    else
        printf("  \"server_cpu_us_per_message\": %.5f,\n", microseconds(spent) / (double)run->window.messages);
    printf("  \"loadgen_bound\": %s\n", own > GENERATOR_FULL && server < SERVER_NOT_FULL ? "true" : "false");
}

// What an idle connection has resident in the server, and what a message costs beside them all
// relative to what it costs without.
static void print_idle(const struct run *run)
{
    const struct idle *idle = &run->idle;
    if (idle->count == 0) {
        printf("  \"idle\": null,\n");
        return;
    }
    double grown = (double)idle->resident_with - (double)idle->resident_before;
    const struct window *with_them = &run->window;
    double cost = (double)(with_them->end.server_cpu - with_them->begin.server_cpu) / (double)with_them->messages;
    printf("  \"idle\": {\"connections\": %" PRIu32 ", \"bytes_each\": %.1f, \"cpu_cost\": %.4f},\n", idle->count,
           grown / idle->count, cost / ((idle->cost_before + idle->cost_after) / 2));
}

void report_print(const struct run *run)
{
    const struct options *options = run->options;
    double wall = (double)(run->window.end.now - run->window.begin.now);
    double rate = (double)run->window.messages / wall * 1e9;
    printf("{\n");
    printf("  \"workload\": \"%s\",\n", options->workload->name);
    printf("  \"connections\": %" PRIu32 ",\n", options->connections);
    printf("  \"size\": %" PRIu32 ",\n", options->size);
    printf("  \"depth\": %" PRIu32 ",\n", options->depth);
    printf("  \"messages\": %" PRIu64 ",\n", run->window.messages);
    printf("  \"seconds\": %.6f,\n", wall / 1e9);
    printf("  \"rate\": %.1f,\n", rate);
    printf("  \"bytes_per_second\": %.0f,\n", rate * (double)run->message_bytes);
    print_latency(&run->window.latency);
    print_idle(run);
    print_cpu(run, wall);
    printf("}\n");
}
