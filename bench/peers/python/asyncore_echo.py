"""Echo on CPython's own asyncore, as it is: the handler of its documentation, but for a larger
buffer. Started by what bench/build-python makes."""
import asyncore
import os
import signal
import socket
import sys

import echo_arguments

RECEIVE = 65536  # bytes; the documentation's 8192 would be slow on streams


class Echo(asyncore.dispatcher_with_send):
    def handle_read(self):
        data = self.recv(RECEIVE)
        if not data:
            return
        for start in range(0, len(data), EACH or len(data)):
            self.send(data[start : start + EACH] if EACH else data)

    def readable(self):
        return not self.out_buffer  # who does not read is not read from


class Server(asyncore.dispatcher):
    def __init__(self, host, port):
        asyncore.dispatcher.__init__(self)
        self.create_socket()
        self.set_reuse_addr()
        self.bind((host, port))
        self.listen(4096)
        print("listening on %s:%d" % self.socket.getsockname()[:2], flush=True)

    def handle_accepted(self, client, address):
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        Echo(client)


signal.signal(signal.SIGTERM, lambda *_: os._exit(0))  # nothing to save
HOST, PORT, EACH = echo_arguments.parse(sys.argv[1:])
Server(HOST, PORT)
asyncore.loop(use_poll=True)  # poll(2): select(2) ends at 1,024 descriptors
