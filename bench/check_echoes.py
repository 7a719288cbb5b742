"""Every echo server against everything that the load generator has, and against clients that
are hard on it. Run by bench/check."""
import os
import socket
import sys
import threading
import time

import checking

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


def check_half_close(port):
    data = os.urandom(1 << 20)
    client = socket.create_connection(("127.0.0.1", port))
    sender = threading.Thread(target=lambda: (client.sendall(data), client.shutdown(socket.SHUT_WR)))
    sender.start()
    time.sleep(0.3)  # the server's sends fill both sockets meanwhile
    back = []
    while piece := client.recv(1000):
        back.append(piece)
    sender.join()
    assert b"".join(back) == data


def reset_with_data_under_way(port):
    client = socket.create_connection(("127.0.0.1", port))
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    client.sendall(b"x" * 100_000)
    client.close()


def open_sockets(server):
    """Sockets only: a runtime opens files of its own whenever it likes."""
    count = 0
    for descriptor in os.scandir(f"/proc/{server.pid}/fd"):
        try:
            count += os.readlink(descriptor.path).startswith("socket:")
        except FileNotFoundError:
            pass  # closed meanwhile
    return count


def check_nodelay(port):
    """Two small sends, the second while the first is not acknowledged: Nagle's algorithm would keep it 40 ms."""
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        times = []
        for _ in range(20):
            start = time.monotonic()
            for _ in range(2):
                client.sendall(b"ab")
                time.sleep(0.001)
            back = b""
            while len(back) < 4:
                back += client.recv(4)
            times.append(time.monotonic() - start)
        assert sorted(times)[10] < 0.03, times


def check_hard_clients(name, server, port):
    check_half_close(port)
    before = open_sockets(server)
    for _ in range(50):
        reset_with_data_under_way(port)
    check_half_close(port)
    deadline = time.monotonic() + 5
    while open_sockets(server) > before and time.monotonic() < deadline:
        time.sleep(0.05)
    assert open_sockets(server) <= before, (name, "a connection stayed open")
    print(f"ok  {name}: half-closing and vanishing clients")
    check_nodelay(port)


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
    check_hard_clients(name, server, port)
    patterns = PATTERNS + (HARDER if command[0] != "dotnet" and "python" not in name and "each" not in name else ())
    checking.check_shapes_of(name, server, port, patterns)
    checking.stop(server)
    print(f"ok  {name}: ends on SIGTERM")


for command, environment in ECHOES:
    check(command, environment)
