"""An HTTP client as in asyncore's documentation: writes whatever the server answers, header included."""

import asyncore
import sys

from peer import family_and_address


class HTTPClient(asyncore.dispatcher):
    def __init__(self, address, path):
        asyncore.dispatcher.__init__(self)
        family, address = family_and_address(address)
        self.create_socket(family)
        self.connect(address)
        self.buffer = bytes('GET %s HTTP/1.0\r\nHost: %s\r\n\r\n' % (path, address[0]), 'ascii')

    def handle_connect(self):
        pass

    def handle_close(self):
        self.close()

    def handle_read(self):
        sys.stdout.buffer.write(self.recv(8192))

    def writable(self):
        return len(self.buffer) > 0

    def handle_write(self):
        sent = self.send(self.buffer)
        self.buffer = self.buffer[sent:]


HTTPClient(sys.argv[1], sys.argv[2])
asyncore.loop()
