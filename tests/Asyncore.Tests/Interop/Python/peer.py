"""What the programs in this folder share: addresses on a command line, and the word that a server listens."""

import socket


def family_and_address(text):
    """HOST:PORT, [HOST]:PORT, or the path of a Unix socket."""
    if text.startswith('/'):
        return socket.AF_UNIX, text
    host, _, port = text.rpartition(':')
    host = host.strip('[]')
    return socket.AF_INET6 if ':' in host else socket.AF_INET, (host, int(port))


def listen(dispatcher, text):
    """Has one of asyncore listen at an address, and says so."""
    family, address = family_and_address(text)
    dispatcher.create_socket(family)
    dispatcher.set_reuse_addr()
    dispatcher.bind(address)
    dispatcher.listen(5)
    announce(dispatcher.socket)


def announce(sock):
    """Says where a socket listens: the port, or the path."""
    name = sock.getsockname()
    print('listening on', name if isinstance(name, str) else name[1], flush=True)
