"""The time server (RFC 868) of asyncore's classic examples. It ends after one connection."""

import asyncore
import struct
import sys

from peer import listen


class TimeChannel(asyncore.dispatcher):
    def handle_write(self):
        self.send(struct.pack('!I', count))
        self.close()


class TimeServer(asyncore.dispatcher):
    def __init__(self, address):
        asyncore.dispatcher.__init__(self)
        listen(self, address)

    def handle_accept(self):
        channel, addr = self.accept()
        TimeChannel(channel)
        self.close()


count = int(sys.argv[2])
TimeServer(sys.argv[1])
asyncore.loop()
