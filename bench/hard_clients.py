"""Clients that are hard on a server that sends back what it gets, or on a forwarder to one."""
import os
import socket
import threading
import time


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


def check(name, server, port):
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
