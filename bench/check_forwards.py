"""The load generator's forwarding against forwarders that are wrong in one way each, and every
forwarder against everything it has, and against clients that are hard on it. Run by bench/check."""
import os
import signal
import socket
import subprocess
import sys
import threading

import checking
import hard_clients
from checking import FAULT_AFTER, FAULTS, flip, loadgen, pass_on

BUILT = sys.argv[2]

SHAPES = (
    ["--workload", "forward", "--connections", "200"],
    ["--workload", "forward", "--connections", "20", "--depth", "16", "--size", "1"],
    ["--workload", "forward", "--connections", "4", "--depth", "16", "--size", "262144"],
    ["--workload", "forward-stream", "--connections", "8", "--depth", "16", "--size", "65537"],
    ["--workload", "forward-churn", "--connections", "20"],
    ["--workload", "forward", "--connections", "10", "--idle", "300"],
)


def native(name, *arguments):
    return [os.path.join(BUILT, "bench", name), *arguments]


def ours(backend):
    return ["dotnet", os.path.join(BUILT, "bin", "Asyncore.Cli", "release", "Asyncore.Cli.dll"),
            "forward", "--backend", backend, "-l", "127.0.0.1", "-p", "0"]


FORWARDERS = (
    native("epoll_forward"),
    native("epoll_forward", "--buffer", "1000"),
    native("epoll_forward", "--pipe", "1048576"),
    native("epoll_forward", "--pipe", "4096"),
    native("haproxy_forward"),
    native("haproxy_forward", "--splice", "1048576"),
    native("nginx_forward"),
    native("nginx_forward", "--buffer", "65536"),
    native("python_forward"),
    ours("epoll"),
    ours("poll"),
    ours("io_uring"),
)


def free_address():
    """Where nothing listens yet."""
    with socket.create_server(("127.1.0.1", 0)) as listener:
        return "%s:%d" % listener.getsockname()


def start_faulty(serve):
    """Gives a function the connections that come, one after the other, and the address to connect to."""
    target = free_address()
    host, _, port = target.rpartition(":")

    def connect():
        return socket.create_connection((host, int(port)))

    return checking.start_server(lambda client: serve(client, connect), many=True), target


def end_stream(sink):
    sink.shutdown(socket.SHUT_WR)


def join(client, far, there=lambda data: data, back=lambda data: data, after=FAULT_AFTER, end=end_stream):
    """Both directions, each with a fault of its own, and how the end of a stream is passed on."""

    def one_way(source, sink, fault):
        try:
            pass_on(source, sink, fault, after)
            end(sink)
        except OSError:
            pass  # the generator has seen what it was to see

    other = threading.Thread(target=one_way, args=(far, client, back))
    other.start()
    one_way(client, far, there)
    other.join()


def expect(what, message, serve, *arguments):
    port, target = start_faulty(serve)
    result = loadgen(port, "--serve", target, *arguments)
    assert result.returncode == 1 and message in result.stderr and result.stdout == "", (what, arguments, result)
    print(f"ok  {arguments[1]}: notices {what}")


def check_faults():
    for name, (fault, message) in FAULTS.items():
        expect(name + " on the way there", message, lambda client, connect: join(client, connect(), there=fault),
               "--workload", "forward", "--messages", "100000")
        expect(name + " on the way back", message, lambda client, connect: join(client, connect(), back=fault),
               "--workload", "forward", "--messages", "100000")
        if name != "a byte too many":  # more follows, so it is a wrong one
            expect(name, message, lambda client, connect: join(client, connect(), there=fault),
                   "--workload", "forward-stream", "--size", "65536", "--depth", "4", "--messages", "100000")


def check_pair_faults():
    waiting = []

    def crossed(client, connect):
        waiting.append((client.dup(), connect()))
        if len(waiting) == 2:
            (first, first_far), (second, second_far) = waiting
            threading.Thread(target=join, args=(first, second_far), daemon=True).start()
            join(second, first_far)

    def twice(client, connect):
        far, _more = connect(), connect()
        join(client, far)

    def answering(client, connect):
        far = connect()
        client.sendall(b"!")
        join(client, far)

    def saying_more(sink):
        sink.sendall(b"!")
        end_stream(sink)

    stream = ("--workload", "forward-stream")
    faults = {
        "connections that are crossed": (crossed, "wrong byte", ("--connections", "2")),
        "a second connection": (twice, "more often", ()),
        "a byte that nobody sent": (answering, "more bytes than it sent", ()),
        "a byte after the end": (
            lambda client, connect: join(client, connect(), end=saying_more), "more bytes than it sent", ()),
        "an end that is kept back": (
            lambda client, connect: join(client, connect(), end=lambda sink: None), "did not get the end", ()),
        "that nothing is connected": (lambda client, connect: client.recv(1), "did not connect", ()),
    }
    for name, (serve, message, arguments) in faults.items():
        waiting.clear()
        expect(name, message, serve, *stream, *arguments)


def check_churn_faults():
    def keep(far):
        kept.append(far)
        return far

    def never_ending(client, connect):
        far = keep(connect())
        far.sendall(client.recv(1))
        client.sendall(far.recv(1))

    def ending_early(client, connect):
        keep(client.dup())
        connect().close()

    def twice(data):
        return data * 2

    kept = []
    faults = {
        "a wrong byte": (lambda client, connect: join(client, connect(), back=flip, after=1), "wrong byte"),
        "a byte too many": (
            lambda client, connect: join(client, connect(), there=twice, after=1), "more bytes than it sent"),
        "an end before the answer": (
            lambda client, connect: keep(connect()).sendall(client.recv(1)), "before it answered"),
        "an end before the byte": (ending_early, "before its byte"),
        "an end that is kept back": (never_ending, "did not get back all"),
    }
    for name, (serve, message) in faults.items():
        expect(name, message, serve, "--workload", "forward-churn")


def check_idle_faults():
    def flip_idle(data):
        return b"j" if data == b"i" else data

    for direction in ("there", "back"):
        expect(f"a wrong byte on the way {direction} of an idle one", "something else than its byte",
               lambda client, connect: join(client, connect(), **{direction: flip_idle}, after=1),
               "--workload", "forward", "--idle", "5", "--server-pid", str(os.getpid()))


def start(command, target):
    host, _, port = target.rpartition(":")
    if command[0] == "dotnet":
        return checking.start([*command, "-r", host, "-P", port], listen=())
    return checking.start([*command, "--connect", target])


def stop(command, server):
    checking.stop(server, -signal.SIGTERM if "haproxy" in command[0] else 0)


def echo(client):
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    while data := client.recv(65536):
        client.sendall(data)


def check_without_target(name, command):
    server, port = start(command, free_address())
    for _ in range(2):
        with socket.create_connection(("127.0.0.1", port), timeout=20) as client:
            try:
                assert client.recv(1) == b""
            except ConnectionResetError:
                pass
    stop(command, server)
    print(f"ok  {name}: ends clients where there is nobody to connect to")


def check(command):
    name = checking.name_of(command)
    if not os.path.exists(command[1] if command[0] == "dotnet" else command[0]):
        print(f"--  {name}: was not built here")
        return
    target = "127.0.0.1:%d" % checking.start_server(echo, many=True)
    server, port = start(command, target)
    if port is None:
        print(f"--  {name}: is not available here")
        return
    hard_clients.check(name, server, port)
    stop(command, server)
    print(f"ok  {name}: ends on SIGTERM")
    check_without_target(name, command)

    target = free_address()
    server, port = start(command, target)
    checking.check_shapes_of(name, server, port, [[*shape, "--serve", target] for shape in SHAPES])
    stop(command, server)


def check_usage():
    for arguments in ([], ["--connect", "nowhere"], ["--connect", "127.0.0.1:1", "--pipe", "0"]):
        result = subprocess.run([*native("epoll_forward"), "--listen", "127.0.0.1:0", *arguments],
                                capture_output=True, text=True, timeout=10)
        wrong = (arguments or ["--connect"])[-2:][0]
        assert result.returncode == 2 and wrong in result.stderr.splitlines()[0], (arguments, result)
    print("ok  epoll_forward: names the option that is wrong")


check_faults()
check_pair_faults()
check_churn_faults()
check_idle_faults()
check_usage()
for forwarder in FORWARDERS:
    check(forwarder)
