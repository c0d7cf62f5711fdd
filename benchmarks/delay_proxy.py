"""A line with a given round trip, on one machine.

usage: delay_proxy.py PORT TARGET_PORT ROUND_TRIP_MS

Hands on every byte between 127.0.0.1:PORT and 127.0.0.1:TARGET_PORT half a round trip late and in order, any
number of bytes being on their way at once: it is latency and nothing else. Threads and blocking sockets,
since a thread wakes within some 0.1 ms of its time and an event loop within 1 ms. Ends on SIGTERM.
"""

from __future__ import annotations

import queue
import socket
import sys
import threading
import time
from contextlib import suppress

MOST_BYTES = 256 * 1024
_Late = queue.SimpleQueue[tuple[float, bytes]]


def forward(source: socket.socket, target: socket.socket, half_s: float) -> None:
    """Start to hand on what comes from one side to the other."""
    late: _Late = queue.SimpleQueue()
    threading.Thread(target=receive, args=(source, late, half_s), daemon=True).start()
    threading.Thread(target=deliver, args=(target, late), daemon=True).start()


def receive(source: socket.socket, late: _Late, half_s: float) -> None:
    """Note when each chunk is due; no bytes stand for the end."""
    with suppress(OSError):
        while chunk := source.recv(MOST_BYTES):
            late.put((time.monotonic() + half_s, chunk))
    late.put((time.monotonic() + half_s, b""))


def deliver(target: socket.socket, late: _Late) -> None:
    """Write each chunk when it is due."""
    with suppress(OSError):
        while True:
            due, chunk = late.get()
            if (wait_s := due - time.monotonic()) > 0:
                time.sleep(wait_s)
            if not chunk:
                target.shutdown(socket.SHUT_WR)
                return
            target.sendall(chunk)


def main() -> None:
    port, target_port, round_trip_ms = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
    half_s = round_trip_ms / 2000
    with socket.create_server(("127.0.0.1", port), backlog=1024) as listening:
        while True:
            near, _ = listening.accept()
            try:
                far = socket.create_connection(("127.0.0.1", target_port))
            except OSError:
                near.close()
                continue
            for end in (near, far):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            forward(near, far, half_s)
            forward(far, near, half_s)


if __name__ == "__main__":
    main()
