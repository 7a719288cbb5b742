"""Every echo server against everything that the load generator has, and against clients that
are hard on it. Run by bench/check."""
import os
import sys

import checking
import hard_clients

BUILT = sys.argv[2]

PATTERNS = (
    ["--connections", "200"],
    ["--connections", "20", "--depth", "16", "--size", "1"],
    ["--connections", "8", "--depth", "16", "--size", "65537", "--workload", "stream"],
    ["--connections", "20", "--workload", "churn"],
    ["--connections", "10", "--idle", "300"],
)
HARDER = (  # for those in C, which are quick
    ["--connections", "4", "--depth", "64", "--size", "262144"],
    ["--connections", "8", "--depth", "16", "--size", "65", "--workload", "lines"],
)


def native(name, *arguments):
    return [os.path.join(BUILT, "bench", name), *arguments]


def managed(name, *arguments):
    return ["dotnet", os.path.join(BUILT, "bin", name, "release", name + ".dll"), *arguments]


ECHOES = (
    (native("epoll_echo"), {}),
    (native("epoll_echo", "--buffer", "1000"), {}),
    (native("epoll_echo", "--each", "64"), {}),
    (native("uring_echo"), {}),
    (native("uring_echo", "--buffer", "1000"), {}),
    (native("uring_echo", "--buffer", "524288"), {}),
    (native("uv_echo"), {}),
    (native("uv_echo", "--each", "64"), {}),
    (native("event_echo"), {}),
    (native("python_asyncore"), {}),
    (native("python_asyncore", "--each", "64"), {}),
    (native("python_asyncio"), {}),
    (native("python_asyncio", "--each", "64"), {}),
    (managed("NetPeer", "sockets"), {}),
    (managed("NetPeer", "sockets", "--each", "64"), {"DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS": "1"}),
    (managed("NetPeer", "kestrel"), {}),
    (managed("Asyncore.Cli", "echo", "--backend", "epoll"), {}),
    (managed("Asyncore.Cli", "echo", "--backend", "poll"), {}),
    (managed("Asyncore.Cli", "echo", "--backend", "io_uring"), {}),
    (managed("Asyncore.Cli", "echo", "--backend", "epoll", "--spin", "100"), {}),
    (managed("Asyncore.Cli", "echo", "--backend", "epoll", "--loops", "2"), {}),
    (managed("ChatPeer", "sends", "--backend", "epoll"), {}),
    (managed("ChatPeer", "sends", "--backend", "poll"), {}),
    (managed("ChatPeer", "sends", "--backend", "io_uring"), {}),
)


def check(command, environment):
    program = command[1] if command[0] == "dotnet" else command[0]
    name = checking.name_of(command)
    if not os.path.exists(program):
        print(f"--  {name}: was not built here")
        return
    server, port = checking.start(command, environment)
    if port is None:
        print(f"--  {name}: is not available here")
        return
    hard_clients.check(name, server, port)
    patterns = PATTERNS + (HARDER if command[0] != "dotnet" and "python" not in name and "each" not in name else ())
    checking.check_shapes_of(name, server, port, patterns)
    checking.stop(server)
    print(f"ok  {name}: ends on SIGTERM")


for command, environment in ECHOES:
    check(command, environment)
