"""What the echo servers in Python take: --listen HOST:PORT [--each BYTES]."""
import argparse


def parse(arguments):
    """Host, port, and how many bytes are sent at once at most (0: what was received)."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--listen", required=True, metavar="HOST:PORT")
    parser.add_argument("--each", type=int, default=0, metavar="BYTES")
    known = parser.parse_args(arguments)
    host, _, port = known.listen.rpartition(":")
    return host, int(port), known.each
