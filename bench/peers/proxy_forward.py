"""Becomes HAProxy or nginx as a forwarder: one thread, nothing logged, its configuration in a
directory. Says where it listens, which neither does. Started by what bench/build-proxies makes."""
import argparse
import os
import resource
import socket
import time

PIPES = 512  # that HAProxy may have at a time; each is two descriptors
OTHERS = 300  # descriptors of neither connections nor pipes
MOST_PAIRS = 20_000  # nginx has memory for all of them from the start


def most_pairs():
    """As many as the limit on descriptors lets, which is raised."""
    _, limit = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
    return min((limit - 2 * PIPES - OTHERS) // 2, MOST_PAIRS)


def write(known, port, content):
    os.makedirs(known.into, exist_ok=True)
    path = os.path.join(known.into, f"{known.proxy}-{port}.conf")
    with open(path, "w") as file:
        file.write(content)
    return path


def announce(address):
    print("listening on %s:%d" % address, flush=True)


def haproxy(known, listener):
    """Takes a listener that is there already."""
    splice = "" if known.splice is None else f"""
    option splice-request
    option splice-response"""
    pipes = "" if known.splice is None else f"""
    maxpipes {PIPES}
    tune.pipesize {known.splice}"""
    path = write(known, listener.getsockname()[1], f"""\
global
    nbthread 1
    maxconn {most_pairs()}{pipes}

defaults
    mode tcp
    timeout connect 10s
    timeout client 1h
    timeout server 1h{splice}

listen forward
    bind fd@{listener.fileno()}
    maxconn {most_pairs()}
    server target {known.connect}
""")
    os.set_inheritable(listener.fileno(), True)
    announce(listener.getsockname())
    return ["-q", "-db", "-f", path]


def announce_when_there(file, address):
    """In a process of its own; the other one becomes nginx, which writes the file once it listens."""
    parent = os.getpid()
    if os.fork() != 0:
        return
    while not os.path.exists(file) and os.getppid() == parent:
        time.sleep(0.01)
    if os.getppid() == parent:
        announce(address)
    os._exit(0)


def nginx(known, listener):
    """Takes the port; of a listener it would want to know which older nginx it is from."""
    address = host, port = listener.getsockname()
    listener.close()
    pid = os.path.join(known.into, f"nginx-{port}.pid")
    buffer = "" if known.buffer is None else f"""
        proxy_buffer_size {known.buffer};"""
    path = write(known, port, f"""\
load_module {known.module};
daemon off;
master_process off;
pid {pid};
error_log stderr crit;

events {{
    worker_connections {2 * most_pairs() + OTHERS};
}}

stream {{
    server {{
        listen {host}:{port} backlog=4096;
        proxy_pass {known.connect};
        proxy_half_close on;
        proxy_timeout 1h;{buffer}
    }}
}}
""")
    if os.path.exists(pid):
        os.remove(pid)
    announce_when_there(pid, address)
    return ["-p", known.into, "-e", "stderr", "-c", path]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("proxy", choices=["haproxy", "nginx"])
    parser.add_argument("--program", required=True, metavar="PATH")
    parser.add_argument("--module", metavar="PATH", help="nginx's stream module")
    parser.add_argument("--into", required=True, metavar="DIRECTORY", help="for the configuration")
    parser.add_argument("--listen", required=True, metavar="HOST:PORT")
    parser.add_argument("--connect", required=True, metavar="HOST:PORT")
    parser.add_argument("--splice", type=int, metavar="BYTES", help="HAProxy splices, through pipes of so many")
    parser.add_argument("--buffer", type=int, metavar="BYTES", help="nginx receives so many at once")
    known = parser.parse_args()
    host, _, port = known.listen.rpartition(":")
    listener = socket.create_server((host, int(port)), backlog=4096)
    arguments = (haproxy if known.proxy == "haproxy" else nginx)(known, listener)
    os.execv(known.program, [known.program, *arguments])


main()
