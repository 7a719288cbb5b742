"""Servers that are wrong in one way each, which the load generator must notice. Run by
bench/check."""
import os
import socket
import time

import checking
from checking import FAULTS, flip, loadgen


def start_faulty(fault):
    return checking.start_server(lambda client: checking.pass_on(client, client, fault))


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
                  ["--size", "1", "--workload", "lines"], ["--idle", "1"], ["--serve", "nowhere"],
                  ["--serve", "127.0.0.1:1"], ["--workload", "forward"],
                  ["--idle", "1", "--server-pid", "1", "--workload", "forward-churn", "--serve", "127.0.0.1:1"]):
        result = loadgen(1, *usage)
        assert result.returncode == 2 and usage[0] in result.stderr, (usage, result)
    print("ok  names the option that is wrong")


def check_churn_faults():
    faults = {
        "a wrong byte": (lambda client: client.sendall(flip(client.recv(1))), "wrong byte on connection"),
        "a byte too many": (lambda client: client.sendall(client.recv(1) * 2), "more bytes than it sent"),
        "an end before the answer": (lambda client: client.recv(1), "before it answered"),
    }
    for name, (serve, message) in faults.items():
        result = loadgen(checking.start_server(serve, many=True), "--workload", "churn", "--connections", "3")
        assert result.returncode == 1 and message in result.stderr, (name, result)
        print(f"ok  churn: notices {name}")

    def never_ends(client):
        kept.append(client.dup())
        client.sendall(client.recv(1))

    kept = []
    result = loadgen(checking.start_server(never_ends, many=True), "--workload", "churn")
    assert result.returncode == 1 and "did not get back all" in result.stderr, result
    print("ok  churn: notices a connection that the server does not end")

    result = loadgen(checking.start_server(lambda client: client.sendall(client.recv(1))), "--workload", "churn")
    assert result.returncode == 1 and "cannot be made" in result.stderr, result
    print("ok  churn: notices a connection that is refused")


def check_idle_faults():
    def serve_with(fault):
        def serve(client):
            data = client.recv(65536)
            if data == b"i":
                fault(client)
                return
            while data:
                client.sendall(data)
                data = client.recv(65536)

        return serve

    def talkative(client):
        client.sendall(b"i")
        time.sleep(0.1)
        client.sendall(b"!")
        client.recv(1)

    faults = {
        "a wrong byte": (lambda client: client.sendall(b"j"), "something else than its byte"),
        "an end instead of a byte": (lambda client: None, "something else than its byte"),
        "an idle connection that ends": (lambda client: client.sendall(b"i"), "an idle connection ended"),
        "bytes that nobody asked for": (talkative, "an idle connection ended, or got"),
    }
    for name, (fault, message) in faults.items():
        port = checking.start_server(serve_with(fault), many=True)
        result = loadgen(port, "--idle", "5", "--server-pid", str(os.getpid()))
        assert result.returncode == 1 and message in result.stderr, (name, result)
        print(f"ok  idle: notices {name}")


check_faults()
check_churn_faults()
check_idle_faults()
