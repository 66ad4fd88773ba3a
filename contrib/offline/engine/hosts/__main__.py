"""`python -m hosts ENGINE_ADDRESS`: serve the language host until the engine ends it.

The engine reads the port from the first line of standard output. The program's output follows.
"""

from __future__ import annotations

import os
import signal
import stat
import sys
import threading
from concurrent import futures

import grpc  # type: ignore[import-untyped]
from pulumi.runtime.proto import language_pb2_grpc

from .language_host import LanguageHost

MAX_MESSAGE = 400 << 20
"""The largest message in bytes; the engine has the same limit."""


def main() -> None:
    """Serve until SIGINT, SIGTERM or the end of the engine."""
    stopped = threading.Event()
    for signum in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signum, lambda *_: stopped.set())
    watch_engine(stopped)

    host = LanguageHost(engine=sys.argv[-1])  # logging flags of the engine may precede it
    server = grpc.server(
        futures.ThreadPoolExecutor(max_workers=8),
        options=[("grpc.max_receive_message_length", MAX_MESSAGE)],
    )
    language_pb2_grpc.add_LanguageRuntimeServicer_to_server(host, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)
    stopped.wait()
    host.stop()
    server.stop(grace=None).wait()


def watch_engine(stopped: threading.Event) -> None:
    """Stop when standard input ends: the engine has its other end open and never writes to it."""
    if not stat.S_ISFIFO(os.fstat(sys.stdin.fileno()).st_mode):
        return

    def watch() -> None:
        while os.read(sys.stdin.fileno(), 4096):
            pass
        stopped.set()

    threading.Thread(target=watch, daemon=True).start()


main()
