"""What the checks have in common: the load generator, faulty servers, servers to be checked."""
import atexit
import json
import os
import signal
import socket
import subprocess
import sys
import threading

LOADGEN = sys.argv[1]

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


def pass_on(source, sink, fault, after=FAULT_AFTER):
    """Until the end of what comes, or the fault makes one."""
    passed = 0
    while data := source.recv(65536):
        faulty = passed < after <= passed + len(data)
        passed += len(data)
        if faulty and (data := fault(data)) is None:
            return
        sink.sendall(data)


def start_server(serve, many=False):
    """Accepts one connection, or many, serves each with a function, and gives the port."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=100)

    def serve_one(client):
        with client:
            try:
                serve(client)
            except OSError:
                pass  # the generator has seen what it was to see

    def accept():
        if not many:
            client, _ = listener.accept()
            listener.close()
            serve_one(client)
        while many:
            client, _ = listener.accept()
            threading.Thread(target=serve_one, args=(client,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    return listener.getsockname()[1]


def loadgen(port, *arguments):
    command = [LOADGEN, "--connect", f"127.0.0.1:{port}", "--warmup", "0.1", "--duration", "0.3", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


def start(command, environment=None, listen=("--listen", "127.0.0.1:0")):
    """A server and its port; no port where it ended before it listened."""
    server = subprocess.Popen([*command, *listen], stdout=subprocess.PIPE, text=True,
                              env={**os.environ, **(environment or {})})
    atexit.register(server.kill)  # a check that fails leaves nothing behind; does nothing to one that has ended
    line = server.stdout.readline()
    return server, int(line.rsplit(":", 1)[1]) if line else None


def stop(server, code=0):
    server.send_signal(signal.SIGTERM)
    assert server.wait(5) == code, f"did not end on SIGTERM with {code}"


def name_of(command):
    return " ".join(os.path.basename(word) for word in command if word != "dotnet")


def check_shapes(command, shapes):
    server, port = start(command)
    check_shapes_of(name_of(command), server, port, shapes)
    stop(server)


def check_shapes_of(name, server, port, shapes):
    for arguments in shapes:
        result = loadgen(port, *arguments, "--server-pid", str(server.pid))
        assert result.returncode == 0, (name, arguments, result.stderr)
        report = json.loads(result.stdout)
        assert report["messages"] > 0 and report["server_cpu_us_per_message"] > 0, report
        assert 0 < report["latency_us"]["p50"] <= report["latency_us"]["p99"], report
        assert (report["idle"] is not None) == ("--idle" in arguments), report
        print(f"ok  {name}:", *arguments)
