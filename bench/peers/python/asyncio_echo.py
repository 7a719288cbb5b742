"""Echo on Python's asyncio, by a Protocol. Started by what bench/build-python makes."""
import asyncio
import logging
import os
import signal
import sys

import echo_arguments


class Echo(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport = transport  # asyncio sets TCP_NODELAY by itself

    def data_received(self, data):
        if not EACH:
            self.transport.write(data)
            return
        for start in range(0, len(data), EACH):
            self.transport.write(data[start : start + EACH])

    def pause_writing(self):
        self.transport.pause_reading()

    def resume_writing(self):
        self.transport.resume_reading()


async def main(host, port):
    server = await asyncio.get_running_loop().create_server(Echo, host, port, backlog=4096)
    print("listening on %s:%d" % server.sockets[0].getsockname()[:2], flush=True)
    await asyncio.Event().wait()


logging.getLogger("asyncio").setLevel(logging.CRITICAL)  # a client that vanishes is no news
signal.signal(signal.SIGTERM, lambda *_: os._exit(0))  # nothing to save
HOST, PORT, EACH = echo_arguments.parse(sys.argv[1:])
asyncio.run(main(HOST, PORT))
