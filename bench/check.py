"""Servers that are wrong in one way each, which the load generator must notice, and clients
that are hard on the C echo. Run by bench/check."""
import os
import socket
import sys
import threading
import time

import checking
from checking import loadgen

EPOLL_ECHO = sys.argv[2]
FAULT_AFTER = 100_000  # bytes that are still right


def flip(data):
    return bytes([data[0] ^ 1]) + data[1:]


# What happens to the piece that passes FAULT_AFTER; None closes the connection.
FAULTS = {
    "a wrong byte": (flip, "wrong byte on connection"),
    "a lost byte": (lambda data: data[1:], "wrong byte on connection"),
    "a doubled byte": (lambda data: data[:1] + data[:-1], "wrong byte on connection"),
    "a byte too many": (lambda data: data + data[-1:], "more bytes than it sent"),
    "an early end": (lambda data: None, "closed connection"),
}


def start_faulty(fault):
    def serve(client):
        passed = 0
        while data := client.recv(65536):
            faulty = passed < FAULT_AFTER <= passed + len(data)
            passed += len(data)
            if faulty and (data := fault(data)) is None:
                return
            client.sendall(data)

    return checking.start_server(serve)


def check_faults():
    for workload in ("echo", "lines"):
        for name, (fault, message) in FAULTS.items():
            result = loadgen(start_faulty(fault), "--workload", workload, "--messages", "100000")
            assert result.returncode == 1 and message in result.stderr, (workload, name, result)
            assert result.stdout == "", (workload, name, "printed a result all the same")
            print(f"ok  {workload}: notices {name}")

    listener = socket.create_server(("127.0.0.1", 0))  # never accepts, so never answers
    result = loadgen(listener.getsockname()[1])
    assert result.returncode == 1 and "did not get back all" in result.stderr, result
    print("ok  notices silence")

    for usage in (["--size", "0"], ["--depth", "x"], ["--workload", "y"], ["--nothing", "1"], ["--size"],
                  ["--size", "1", "--workload", "lines"]):
        result = loadgen(1, *usage)
        assert result.returncode == 2 and usage[0] in result.stderr, (usage, result)
    print("ok  names the option that is wrong")


def check_half_close(port):
    data = os.urandom(1 << 20)
    client = socket.create_connection(("127.0.0.1", port))
    sender = threading.Thread(target=lambda: (client.sendall(data), client.shutdown(socket.SHUT_WR)))
    sender.start()
    time.sleep(0.3)  # the server's sends fill both sockets meanwhile
    back = b""
    while piece := client.recv(1000):
        back += piece
    sender.join()
    assert back == data
    print("ok  a slow client that half-closes gets everything")


SHAPES = (
    ["--connections", "200"],
    ["--connections", "20", "--depth", "16", "--size", "1"],
    ["--connections", "4", "--depth", "64", "--size", "262144"],
    ["--connections", "8", "--depth", "64", "--size", "65537", "--workload", "stream"],
    ["--connections", "8", "--depth", "16", "--size", "65", "--workload", "lines"],
)


def check_echo():
    for arguments in ([], ["--buffer", "1000"]):
        command = [EPOLL_ECHO, *arguments]
        checking.check_shapes(command, SHAPES)
        server, port = checking.start(command)
        check_half_close(port)
        for _ in range(50):  # resets with data under way
            client = socket.create_connection(("127.0.0.1", port))
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            client.sendall(b"x" * 100_000)
            client.close()
        check_half_close(port)
        assert len(os.listdir(f"/proc/{server.pid}/fd")) <= 5, "a descriptor stayed open"
        checking.stop(server)
        print("ok  ends on SIGTERM", *arguments)


check_faults()
check_echo()
