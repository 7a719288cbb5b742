// A load generator for servers on the same machine: one thread, no dependencies, and every
// byte that comes back is checked. See ../README.md for what it measures.
#include "options.h"
#include "report.h"
#include "run.h"

int main(int argc, char **argv)
{
    static struct run run; // the histogram makes it too large for a stack
    struct options options = options_parse(argc, argv);
    run_all(&run, &options);
    report_print(&run);
    return 0;
}
