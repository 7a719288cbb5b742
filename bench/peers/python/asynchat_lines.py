"""Lines sent back by CPython's own asynchat, on its own asyncore loop, both as they are: each
line in two pushes. Started by what bench/build-python makes."""
import asynchat
import asyncore
import os
import signal
import socket
import sys


class Lines(asynchat.async_chat):
    def __init__(self, client):
        asynchat.async_chat.__init__(self, client)
        self.set_terminator(b"\n")

    def collect_incoming_data(self, data):
        self._collect_incoming_data(data)

    def found_terminator(self):
        self.push(self._get_data())
        self.push(b"\n")


class Server(asyncore.dispatcher):
    def __init__(self, host, port):
        asyncore.dispatcher.__init__(self)
        self.create_socket()
        self.set_reuse_addr()
        self.bind((host, port))
        self.listen(4096)
        print("listening on %s:%d" % self.socket.getsockname()[:2], flush=True)

    def handle_accepted(self, client, address):
        # The second push of a line would wait for the peer's acknowledgement of the first
        # (Nagle's algorithm), and the rate would be that of the peer's delayed ones.
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        Lines(client)


def main(arguments):
    if len(arguments) != 2 or arguments[0] != "--listen":
        sys.exit("usage: asynchat_lines.py --listen HOST:PORT")
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))  # nothing to save
    host, _, port = arguments[1].rpartition(":")
    Server(host, int(port))
    asyncore.loop(use_poll=True)  # poll(2): select(2) ends at 1,024 descriptors


main(sys.argv[1:])
