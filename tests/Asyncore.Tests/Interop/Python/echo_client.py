"""Sends so many bytes to an echo server, takes as many back, and says whether they are the same."""

import asyncore
import hashlib
import sys

from peer import family_and_address


class EchoClient(asyncore.dispatcher):
    def __init__(self, address, data):
        asyncore.dispatcher.__init__(self)
        self.buffer = data
        self.expected = len(data)
        self.received = b''
        family, address = family_and_address(address)
        self.create_socket(family)
        self.connect(address)

    def handle_connect(self):
        pass

    def handle_close(self):
        self.close()

    def writable(self):
        return len(self.buffer) > 0

    def handle_write(self):
        self.buffer = self.buffer[self.send(self.buffer):]

    def handle_read(self):
        self.received += self.recv(65536)
        if len(self.received) >= self.expected:
            self.close()


data = b''.join(hashlib.sha256(b'%d' % i).digest() for i in range(int(sys.argv[2]) // 32))
clients = [EchoClient(sys.argv[1], data) for _ in range(int(sys.argv[3]))]
asyncore.loop()
print(*('same' if client.received == data else 'different' for client in clients), flush=True)
