"""The echo server of asyncore's documentation. It ends after so many connections."""

import asyncore
import sys

from peer import announce, family_and_address


class EchoHandler(asyncore.dispatcher_with_send):
    def handle_read(self):
        data = self.recv(8192)
        if data:
            self.send(data)


class EchoServer(asyncore.dispatcher):
    def __init__(self, address, connections):
        asyncore.dispatcher.__init__(self)
        family, address = family_and_address(address)
        self.connections = connections
        self.create_socket(family)
        self.set_reuse_addr()
        self.bind(address)
        self.listen(5)
        announce(self.socket)

    def handle_accepted(self, sock, addr):
        EchoHandler(sock)
        self.connections -= 1
        if not self.connections:
            self.close()


EchoServer(sys.argv[1], int(sys.argv[2]))
asyncore.loop()
