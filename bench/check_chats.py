"""The load generator's lines, uploads and room against servers that are wrong in one way each,
and the servers on AsyncChat, asynchat and libuv against everything it has. Run by bench/check."""
import os
import socket
import sys
import threading
import time

import checking
from checking import loadgen

UV_ROOM, ASYNCHAT, CHAT_PEER = sys.argv[2:5]
TOTAL = 80_000_000  # more than sockets hold, so that an early answer is one


def start_upload(answer):
    """Reads an upload and lets a function answer, which is told how many bytes have come."""

    def serve(client):
        read = 0
        while data := client.recv(65536):
            read += len(data)
            answer(client, read)

    return checking.start_server(serve)


def answer_at(count, answer, pause=0):
    """Once, when so many bytes have come; reads on after a pause, in which a sender of more sees the answer."""

    def check(client, read):
        if read >= count and not check.done:
            check.done = True
            client.sendall(answer)
            time.sleep(pause)

    check.done = False
    return check


def check_upload_faults():
    faults = {
        "an early acknowledgement": (answer_at(TOTAL // 40, b"+", pause=1), "before all was sent"),
        "a wrong acknowledgement": (answer_at(TOTAL, b"-"), "for an acknowledgement"),
        "two acknowledgements": (answer_at(TOTAL, b"++"), "for an acknowledgement"),
        "an early end": (lambda client, read: client.shutdown(socket.SHUT_WR), "closed connection"),
        "silence": (lambda client, read: None, "no answer"),
    }
    for workload in ("item", "items"):
        for name, (answer, message) in faults.items():
            if hasattr(answer, "done"):
                answer.done = False
            if name == "silence" and workload == "items":
                continue  # takes ten seconds, and is the same code
            result = loadgen(start_upload(answer), "--workload", workload, "--total", str(TOTAL), "--messages", "2")
            assert result.returncode == 1 and message in result.stderr, (workload, name, result)
            print(f"ok  {workload}: notices {name}")


class FaultyRoom:
    """Lets everybody in, and sends what the first says to all, one of them something else."""

    def __init__(self, members, greeting, fault):
        self.members, self.greeting, self.fault = members, greeting, fault
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=members)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        try:
            clients = [self.listener.accept()[0] for _ in range(self.members)]
            for client in clients:
                client.sendall(self.greeting)
            for number in range(1_000_000):
                line = b""
                while len(line) < 64 and (data := clients[0].recv(64 - len(line))):
                    line += data
                if not line:
                    return
                for i, client in enumerate(clients):
                    client.sendall(self.fault(line) if (number, i) == (20, self.members // 2) else line)
        except OSError:
            pass  # the generator has seen it


def check_room_faults():
    faults = {
        "a wrong byte": (lambda line: line[:40] + bytes([line[40] ^ 1]) + line[41:], "wrong byte on connection 5"),
        "a lost byte": (lambda line: line[:30] + line[31:], "wrong byte on connection 5"),
        "a line twice": (lambda line: line + line, "more bytes than were sent"),
        "a line that one does not get": (lambda line: b"", "no answer"),
        "a wrong greeting": (lambda line: line, "was greeted with"),
    }
    for name, (fault, message) in faults.items():
        room = FaultyRoom(10, b"-" if "greeting" in name else b"+", fault)
        result = loadgen(room.port, "--workload", "room", "--connections", "10", "--messages", "1000")
        assert result.returncode == 1 and message in result.stderr, (name, result)
        print(f"ok  room: notices {name}")


def check_lines():
    shapes = (
        ["--connections", "50", "--depth", "16"],
        ["--connections", "3", "--depth", "100", "--size", "2"],
        ["--connections", "3", "--depth", "20", "--size", "32768"],
        ["--connections", "200", "--size", "1001"],
    )
    for command in ([ASYNCHAT], ["dotnet", CHAT_PEER, "lines"]):
        if os.path.exists(command[-1]) or len(command) > 1:
            checking.check_shapes(command, [["--workload", "lines", *shape] for shape in shapes])
        else:
            print("--  no Python here has asynchat")


def check_uploads():
    for mode, workloads in (("item", ["item"]), ("items", ["items"]), ("bytes", ["item", "items"])):
        for buffer in ("1000", "262144", "16777216"):
            command = ["dotnet", CHAT_PEER, mode, "--total", "20000000", "--size", "50", "--buffer", buffer]
            checking.check_shapes(command, [
                ["--workload", workload, "--total", "20000000", "--size", "50", "--messages", "3", "--connections", n]
                for workload in workloads for n in ("1", "5")])

    for mode in ("item", "items"):  # an item that is not as long as it should be
        server, port = checking.start(["dotnet", CHAT_PEER, mode, "--total", "100000", "--size", "50"])
        result = loadgen(port, "--workload", mode, "--total", "100100", "--size", "77", "--messages", "1")
        assert result.returncode == 1, (mode, result)
        checking.stop(server)
        print(f"ok  {mode}: the server notices a wrong length")


def exact(client, count):
    data = b""
    while len(data) < count and (piece := client.recv(count - len(data))):
        data += piece
    return data


def check_slow_member(port):
    with socket.create_connection(("127.0.0.1", port)) as slow, socket.create_connection(("127.0.0.1", port)) as quick:
        assert (exact(slow, 1), exact(quick, 1)) == (b"+", b"+")
        said = b"".join(b"%d " % i * 2000 + b"\n" for i in range(600))  # more than sockets hold
        sender = threading.Thread(target=quick.sendall, args=(said + b"no end yet",))
        sender.start()
        assert exact(quick, len(said)) == said, "the quick member did not get what was said"
        sender.join()
        assert exact(slow, len(said)) == said, "the slow member did not get what was said"
        quick.sendall(b"!\n")
        assert exact(slow, 12) == b"no end yet!\n"
    print("ok  room: a slow member gets everything, and lines come whole")


def check_resets(port):
    for _ in range(20):
        client = socket.create_connection(("127.0.0.1", port))
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        client.sendall(b"x" * 1000)  # no line: those who come next would hear it
        client.close()


def check_rooms():
    shapes = [["--workload", "room", "--connections", n, "--size", size]
              for n, size in (("1", "64"), ("1000", "64"), ("10", "32768"), ("100", "2"))]
    for command in ([UV_ROOM], ["dotnet", CHAT_PEER, "room"]):
        if len(command) == 1 and not os.path.exists(UV_ROOM):
            print("--  no libuv here")
            continue
        server, port = checking.start(command)
        check_slow_member(port)
        check_resets(port)
        check_slow_member(port)
        checking.stop(server)
        checking.check_shapes(command, shapes)


check_upload_faults()
check_room_faults()
check_lines()
check_uploads()
check_rooms()
