"""Servers that are wrong in one way each, which the load generator must notice, and clients
that are hard on the C echo. Run by bench/check."""
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time

LOADGEN, EPOLL_ECHO = sys.argv[1:3]
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


def serve_one(client, fault):
    passed = 0
    with client:
        while data := client.recv(65536):
            if passed < FAULT_AFTER <= passed + len(data):
                data, passed = fault(data), passed + len(data)
                if data is None:
                    return
            else:
                passed += len(data)
            try:
                client.sendall(data)
            except OSError:
                return


def start_faulty(fault):
    listener = socket.create_server(("127.0.0.1", 0))

    def accept():
        client, _ = listener.accept()
        listener.close()
        serve_one(client, fault)

    threading.Thread(target=accept, daemon=True).start()
    return listener.getsockname()[1]


def loadgen(port, *arguments):
    command = [LOADGEN, "--connect", f"127.0.0.1:{port}", "--warmup", "0.1", "--duration", "0.3", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


def check_faults():
    for name, (fault, message) in FAULTS.items():
        result = loadgen(start_faulty(fault), "--messages", "100000")
        assert result.returncode == 1 and message in result.stderr, (name, result)
        assert result.stdout == "", (name, "printed a result all the same")
        print(f"ok  notices {name}")

    listener = socket.create_server(("127.0.0.1", 0))  # never accepts, so never answers
    result = loadgen(listener.getsockname()[1])
    assert result.returncode == 1 and "did not get back all" in result.stderr, result
    print("ok  notices silence")

    for usage in (["--size", "0"], ["--depth", "x"], ["--workload", "y"], ["--nothing", "1"], ["--size"]):
        result = loadgen(1, *usage)
        assert result.returncode == 2 and usage[0] in result.stderr, (usage, result)
    print("ok  names the option that is wrong")


def start_echo(*arguments):
    server = subprocess.Popen([EPOLL_ECHO, "--listen", "127.0.0.1:0", *arguments], stdout=subprocess.PIPE, text=True)
    return server, int(server.stdout.readline().rsplit(":", 1)[1])


def check_shapes(server, port):
    for arguments in (
        ["--connections", "200"],
        ["--connections", "20", "--depth", "16", "--size", "1"],
        ["--connections", "4", "--depth", "64", "--size", "262144"],
        ["--connections", "8", "--depth", "64", "--size", "65537", "--workload", "stream"],
    ):
        result = loadgen(port, *arguments, "--server-pid", str(server.pid))
        assert result.returncode == 0, result.stderr
        report = json.loads(result.stdout)
        assert report["messages"] > 0 and report["server_cpu_us_per_message"] > 0, report
        assert 0 < report["latency_us"]["p50"] <= report["latency_us"]["p99"], report
        print("ok  echo", *arguments)


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


def check_echo():
    for arguments in ([], ["--buffer", "1000"]):
        server, port = start_echo(*arguments)
        check_shapes(server, port)
        check_half_close(port)
        for _ in range(50):  # resets with data under way
            client = socket.create_connection(("127.0.0.1", port))
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            client.sendall(b"x" * 100_000)
            client.close()
        check_half_close(port)
        assert len(os.listdir(f"/proc/{server.pid}/fd")) <= 5, "a descriptor stayed open"
        server.send_signal(signal.SIGTERM)
        assert server.wait(5) == 0
        print("ok  ends on SIGTERM", *arguments)


check_faults()
check_echo()
