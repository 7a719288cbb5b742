"""A small HTTP server on asyncore: whatever is asked for, the same body, in the framing that the path names."""

import asyncore
import hashlib
import sys

from peer import listen


class Answer(asyncore.dispatcher_with_send):
    def __init__(self, sock):
        asyncore.dispatcher_with_send.__init__(self, sock)
        self.request = b''
        self.answered = False

    def handle_read(self):
        self.request += self.recv(8192)
        if b'\r\n\r\n' in self.request and not self.answered:
            self.answered = True
            self.answer(self.request.split(b' ')[1])

    def answer(self, path):
        if path == b'/redirect':
            self.send(b'HTTP/1.1 302 Found\r\nLocation: /chunked\r\nContent-Length: 0\r\n\r\n')
        elif path == b'/sized':
            self.send(b'HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n' % len(body) + body)
        elif path == b'/chunked':
            chunks = [body[i:i + 1000] for i in range(0, len(body), 1000)] + [b'']
            self.send(b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'
                      + b''.join(b'%x\r\n%s\r\n' % (len(chunk), chunk) for chunk in chunks))
        else:
            self.send(b'HTTP/1.0 200 OK\r\n\r\n' + body)

    def handle_write(self):
        self.initiate_send()
        if self.answered and not self.out_buffer:
            self.close()


class Server(asyncore.dispatcher):
    def __init__(self, address):
        asyncore.dispatcher.__init__(self)
        listen(self, address)

    def handle_accepted(self, sock, addr):
        Answer(sock)


body = b''.join(hashlib.sha256(b'%d' % i).digest() for i in range(int(sys.argv[2]) // 32))
Server(sys.argv[1])
asyncore.loop()
