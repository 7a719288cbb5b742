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


def start_server(serve):
    """Accepts one connection, serves it with a function, and gives the port."""
    listener = socket.create_server(("127.0.0.1", 0))

    def accept():
        client, _ = listener.accept()
        listener.close()
        with client:
            try:
                serve(client)
            except OSError:
                pass  # the generator has seen what it was to see

    threading.Thread(target=accept, daemon=True).start()
    return listener.getsockname()[1]


def loadgen(port, *arguments):
    command = [LOADGEN, "--connect", f"127.0.0.1:{port}", "--warmup", "0.1", "--duration", "0.3", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


def start(command):
    server = subprocess.Popen([*command, "--listen", "127.0.0.1:0"], stdout=subprocess.PIPE, text=True)
    atexit.register(server.kill)  # a check that fails leaves nothing behind; does nothing to one that has ended
    return server, int(server.stdout.readline().rsplit(":", 1)[1])


def stop(server):
    server.send_signal(signal.SIGTERM)
    assert server.wait(5) == 0, "did not end on SIGTERM with 0"


def check_shapes(command, shapes):
    name = " ".join(os.path.basename(word) for word in command if word != "dotnet")
    server, port = start(command)
    for arguments in shapes:
        result = loadgen(port, *arguments, "--server-pid", str(server.pid))
        assert result.returncode == 0, (name, arguments, result.stderr)
        report = json.loads(result.stdout)
        assert report["messages"] > 0 and report["server_cpu_us_per_message"] > 0, report
        assert 0 < report["latency_us"]["p50"] <= report["latency_us"]["p99"], report
        print(f"ok  {name}:", *arguments)
    stop(server)
