"""The time client (RFC 868) of asyncore's classic examples: prints the seconds since 1900 that the server tells."""

import asyncore
import struct
import sys

from peer import family_and_address


class TimeRequest(asyncore.dispatcher):
    def __init__(self, address):
        asyncore.dispatcher.__init__(self)
        family, address = family_and_address(address)
        self.create_socket(family)
        self.connect(address)

    def writable(self):
        return 0

    def handle_connect(self):
        pass

    def handle_expt(self):
        self.close()

    def handle_read(self):
        data = self.recv(4)
        if len(data) == 4:
            print(struct.unpack('!I', data)[0], flush=True)

    def handle_close(self):
        self.close()


TimeRequest(sys.argv[1])
asyncore.loop()
