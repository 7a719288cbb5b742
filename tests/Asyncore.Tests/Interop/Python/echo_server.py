"""The echo server of asyncore's documentation. It ends after so many connections."""

import asyncore
import sys

from peer import listen


class EchoHandler(asyncore.dispatcher_with_send):
    def handle_read(self):
        data = self.recv(8192)
        if data:
            self.send(data)


class EchoServer(asyncore.dispatcher):
    def __init__(self, address, connections):
        asyncore.dispatcher.__init__(self)
        self.connections = connections
        listen(self, address)

    def handle_accepted(self, sock, addr):
        EchoHandler(sock)
        self.connections -= 1
        if not self.connections:
            self.close()


EchoServer(sys.argv[1], int(sys.argv[2]))
asyncore.loop()
