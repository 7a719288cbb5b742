"""ASTM E1381 on plain sockets, written from the standard: one who sends and one who receives.

    astm_peer.py send ADDRESS HOW FILE...       a message per file; ends with status 0 when all were acknowledged
    astm_peer.py receive ADDRESS HOW            one connection; prints each message as a Python literal

HOW is "plain", or "rough": what the standard allows and nobody likes. A rough sender spoils every frame once, says
every frame twice, and writes byte by byte; a rough receiver refuses every frame once, and answers the last one by EOT.
"""

import socket
import sys

from peer import announce, family_and_address

STX, ETX, EOT, ENQ, ACK, NAK, ETB = b'\x02', b'\x03', b'\x04', b'\x05', b'\x06', b'\x15', b'\x17'
TEXT = 240


class Line:
    def __init__(self, sock):
        sock.settimeout(60)
        self.sock = sock

    def read(self):
        byte = self.sock.recv(1)
        if not byte:
            raise EOFError('the other end has closed the connection')
        return byte

    def read_to(self, end):
        data = b''
        while not data.endswith(end):
            data += self.read()
        return data


def make_frame(number, text, end):
    body = b'%d' % (number % 8) + text + end
    return STX + body + b'%02X' % (sum(body) % 256) + b'\r\n'


def spoil(frame):
    return frame[:-3] + (b'1' if frame[-3:-2] == b'0' else b'0') + frame[-2:]


def send(line, rough, messages):
    def say(data):
        if rough:
            for i in range(len(data)):
                line.sock.sendall(data[i:i + 1])
        else:
            line.sock.sendall(data)

    def expect(*replies):
        reply = line.read()
        if reply not in replies:
            raise ValueError('%r was said, and not %r' % (reply, replies))

    say(ENQ)
    expect(ACK)
    number = 0
    for message in messages:
        pieces = [message[i:i + TEXT] for i in range(0, len(message), TEXT)] or [b'']
        for i, piece in enumerate(pieces):
            number += 1
            frame = make_frame(number, piece, ETX if i == len(pieces) - 1 else ETB)
            if rough:
                say(spoil(frame))
                expect(NAK)
                say(frame)
                expect(ACK)
            say(frame)
            expect(ACK)
    say(EOT)


def receive(line, rough):
    while line.read() != ENQ:
        pass
    line.sock.sendall(ACK)
    number, message, refused = 1, b'', False
    while True:
        first = line.read()
        if first == EOT:
            break
        if first != STX:
            raise ValueError('%r was said, and not STX or EOT' % first)
        frame = first + line.read_to(b'\r\n')
        text, end = frame[2:-5], frame[-5:-4]
        if frame != make_frame(number, text, end) or end not in (ETX, ETB) or len(text) > TEXT:
            raise ValueError('%r is not frame %d' % (frame, number))
        refused = rough and not refused
        if refused:
            line.sock.sendall(NAK)
            continue
        number += 1
        message += text
        if end == ETX:
            print(repr(message), flush=True)
            message = b''
        line.sock.sendall(EOT if rough and end == ETX and text.endswith(b'L|1|N\r') else ACK)
    if message:
        raise ValueError('%r has no end' % message)


def main(role, address, how, *files):
    family, address = family_and_address(address)
    rough = how == 'rough'
    with socket.socket(family) as sock:
        if role == 'receive':
            sock.bind(address)
            sock.listen(1)
            announce(sock)
            with sock.accept()[0] as connection:
                receive(Line(connection), rough)
            return
        sock.connect(address)
        if rough:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        messages = []
        for name in files:
            with open(name, 'rb') as file:
                messages.append(file.read())
        send(Line(sock), rough, messages)


main(*sys.argv[1:])
