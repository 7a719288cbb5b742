"""A channel that does as it is told by lines of standard input, and says what its handlers were told."""

import asyncore
import fcntl
import select
import struct
import sys
import termios

from peer import listen

PASSES = 6
PATIENCE = 20  # seconds; only ever met by a test that fails


class Subject(asyncore.dispatcher_with_send):
    def __init__(self, sock):
        asyncore.dispatcher_with_send.__init__(self, sock)
        self.told = []
        self.taken = 0
        self.held = False

    def readable(self):
        return not self.held

    def handle_read(self):
        self.taken += len(self.recv(65536))

    def handle_close(self):
        self.told.append('close')
        self.close()

    def unacknowledged(self):
        return struct.unpack('i', fcntl.ioctl(self.socket, termios.TIOCOUTQ, bytes(4)))[0]

    def take_told(self):
        told, self.told = ' '.join(self.told), []
        return f'{told}, {self.taken} read in all, connected {self.connected}'


class Listener(asyncore.dispatcher):
    def __init__(self, address):
        asyncore.dispatcher.__init__(self)
        self.subject = None
        listen(self, address)

    def handle_accepted(self, sock, addr):
        self.subject = Subject(sock)


def settle(subject, ended, closed):
    for _ in range(2):
        if ended and subject.connected:
            select.select([subject.socket], [], [], PATIENCE)
        asyncore.loop(timeout=0, count=PASSES)
        while subject.connected and not closed and subject.unacknowledged():
            asyncore.loop(timeout=0, count=1)


listener = Listener(sys.argv[1])
asked = 0
for line in sys.stdin:
    command, *arguments = line.split()
    if command == 'next':
        if listener.subject:
            listener.subject.close()
            listener.subject = None
        while not listener.subject:
            asyncore.loop(timeout=PATIENCE, count=1)
    elif command == 'send' and listener.subject.connected:
        listener.subject.send(bytes(int(arguments[0])))
    elif command == 'turn':
        listener.subject.held = not listener.subject.held
    elif command == 'run':
        settle(listener.subject, arguments[0] == 'ended', arguments[1] == 'closed')
        asked += 1
        print(f'{asked}: {listener.subject.take_told()}', flush=True)
