"""A forwarder on CPython's own asyncore, as such forwarders have long been: two dispatchers back to
back, 4096 bytes at a time, sent in the next pass. Started by what bench/build-python makes."""
import argparse
import asyncore
import os
import signal
import socket
import sys

RECEIVE = 4096
MOST_UNSENT = 65536  # of one side; then the other is not read


class Side(asyncore.dispatcher):
    def __init__(self, client=None):
        asyncore.dispatcher.__init__(self, client)
        if client is None:
            self.create_socket()
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.unsent = b""
        self.ended = False
        self.other = None

    def readable(self):
        return not self.ended and len(self.other.unsent) < MOST_UNSENT

    def writable(self):
        return bool(self.unsent) or not self.connected

    def handle_read(self):
        try:
            data = self.recv(RECEIVE)
        except BlockingIOError:
            return  # an event of one that had this descriptor before
        if data:
            self.other.unsent += data
        else:
            self.ended = True
            self.other.pass_on_end()

    def handle_write(self):
        if self.unsent:
            self.unsent = self.unsent[self.send(self.unsent) :]
            self.pass_on_end()

    def pass_on_end(self):
        if self.unsent or not self.other.ended:
            return
        if self.ended:
            self.close_both()
        else:
            self.socket.shutdown(socket.SHUT_WR)

    def handle_close(self):
        if self.ended:  # otherwise there may be something left to read, which finds its end too
            self.close_both()

    def handle_error(self):
        self.close_both()

    def handle_connect(self):
        pass

    def close_both(self):
        self.close()
        self.other.close()


class Forwarder(asyncore.dispatcher):
    def __init__(self, address, target):
        asyncore.dispatcher.__init__(self)
        self.target = target
        self.create_socket()
        self.set_reuse_addr()
        self.bind(address)
        self.listen(4096)
        print("listening on %s:%d" % self.socket.getsockname()[:2], flush=True)

    def handle_accepted(self, client, address):
        near, far = Side(client), Side()
        near.other, far.other = far, near
        try:
            far.connect(self.target)
        except OSError:
            near.close_both()


def host_and_port(text):
    host, _, port = text.rpartition(":")
    return host, int(port)


def main(arguments):
    parser = argparse.ArgumentParser()
    parser.add_argument("--listen", required=True, type=host_and_port, metavar="HOST:PORT")
    parser.add_argument("--connect", required=True, type=host_and_port, metavar="HOST:PORT")
    known = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))  # nothing to save
    Forwarder(known.listen, known.connect)
    asyncore.loop(use_poll=True)  # poll(2): select(2) ends at 1,024 descriptors


main(sys.argv[1:])
