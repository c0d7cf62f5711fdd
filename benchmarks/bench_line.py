"""How fast an edition goes out on a line with a round trip of 20 ms and four connections.

The line is delay_proxy.py, which hands on every byte late and limits nothing else; how long it really takes,
and how many bytes a second it can carry, is measured first. What counts here is how often a program waits for
an answer: smtp-source asks step by step, four times for a message.
"""

from __future__ import annotations

import socket
import statistics
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import contest
import rig
from results import Result, option, run_alone
from sinks import smtp_sink

#: `edition send` against smtp-source.
TARGET = 3.5
ECHOES = 50
BULK_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True)
class Options:
    members: int = option(4_000, "messages in each round")
    connections: int = option(4, "connections of each program")
    rounds: int = option(3, "rounds; the middle one counts")
    round_trip_ms: float = option(20.0, "the line's round trip")


def run(options: Options) -> list[Result]:
    round_trip_ms, megabytes = measure_line(options.round_trip_ms)
    print(
        f"line: a round trip of {round_trip_ms:.2f} ms where {options.round_trip_ms:g} are asked for; "
        f"carries {megabytes:,.0f} MB a second on one connection"
    )
    with rig.work_folder() as folder, smtp_sink(folder / "sink") as sink:
        project = folder / "project"
        with line(sink.port, options.round_trip_ms) as port:
            rig.make_approved_edition(project, options.members, port, options.connections)
            print(f"line: {options.members:,} messages, {options.connections} connections")
            message = rig.typical_message(project)
            yardstick = contest.smtp_source(message, port, options.members, options.connections)
            contenders = [yardstick, contest.ours(project)]
            standings = contest.compete(contenders, sink, options.members, options.rounds)
    contest.tell(standings, yardstick.name)
    ratio = standings["newsletter"].rate / standings[yardstick.name].rate
    what = f"sending at {options.round_trip_ms:g} ms round trip, times {yardstick.name}"
    return [Result(what, ratio, at_least=TARGET)]


@contextmanager
def line(target_port: int, round_trip_ms: float) -> Iterator[int]:
    """Run a line to a port of this machine and give the port that leads into it."""
    port = rig.free_port()
    program: list[str | Path] = [sys.executable, rig.HERE / "delay_proxy.py"]
    with rig.running([*program, str(port), str(target_port), str(round_trip_ms)]):
        rig.wait_for_port(port)
        yield port


def measure_line(round_trip_ms: float) -> tuple[float, float]:
    """Return the round trip of one byte in ms, and the megabytes a second that go through at once."""
    with socket.create_server((rig.LOOPBACK, 0)) as echoing:
        threading.Thread(target=echo, args=(echoing,), daemon=True).start()
        with line(echoing.getsockname()[1], round_trip_ms) as port:
            with socket.create_connection((rig.LOOPBACK, port)) as near:
                near.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                trips = [time_one_byte(near) for _ in range(ECHOES)]
            with socket.create_connection((rig.LOOPBACK, port)) as near:
                seconds = time_bulk(near)
    return statistics.median(trips) * 1000, BULK_BYTES / seconds / 1e6


def echo(listening: socket.socket) -> None:
    """Send back what comes, one connection after the other."""
    while True:
        try:
            far, _ = listening.accept()
        except OSError:
            return
        with far:
            far.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while chunk := far.recv(1024 * 1024):
                far.sendall(chunk)


def time_one_byte(near: socket.socket) -> float:
    began = time.perf_counter()
    near.sendall(b"?")
    near.recv(1)
    return time.perf_counter() - began


def time_bulk(near: socket.socket) -> float:
    began = time.perf_counter()
    threading.Thread(target=near.sendall, args=(bytes(BULK_BYTES),), daemon=True).start()
    received = 0
    while received < BULK_BYTES:
        received += len(near.recv(1024 * 1024))
    return time.perf_counter() - began


if __name__ == "__main__":
    run_alone(__doc__, Options, run)
