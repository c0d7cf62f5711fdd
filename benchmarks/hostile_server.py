"""A server does its worst to a pull: each case alone, beside a good feed, and then all of them in one pull.

For each case one line: seconds, peak memory, and what the user reads. Promised: the program ends as it should
(no traceback), the good feeds of the same pull are read, no fetch takes longer than 20 seconds, memory stays
below 150 MB, and none of ten listeners inside the network is ever spoken to, however a feed or a redirect
spells their address.
"""

from __future__ import annotations

import json
import shutil
import socket
import ssl
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import rig
from hostile_cases import CASES, HostileServer
from results import Result, at_most, exactly, option, run_alone

#: Where the hostile server stands, which is allowed; all else of this machine is not.
HOST = "127.0.0.10"
#: Where a server stands that does no harm, also allowed.
KIND_HOST = "127.0.0.11"
FETCH_S = 20.0
#: Beside the fetch: starting, reading a document, storing.
AROUND_S = 10.0
MEMORY_MB = 150
CANARIES = 10
#: Names that a resolver would know; the last answers a public address first, and then one of ours.
WORLD = (
    "inside.example=127.0.0.1",
    "metadata.example=169.254.169.254",
    "rebinding.example=192.0.2.1/127.0.0.1",
)
GOOD_FEEDS = 5


@dataclass(frozen=True)
class Options:
    only: str = option("", "one case alone, by its name")
    around_s: float = option(AROUND_S, "seconds beside the fetch itself; more on a busy machine")


class Canary:
    """A listener inside the network; touched counts who connected."""

    def __init__(self) -> None:
        if socket.has_dualstack_ipv6():
            self.listener = socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True)
        else:
            self.listener = socket.create_server(("0.0.0.0", 0))
        self.port: int = self.listener.getsockname()[1]
        self.touched = 0
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        while True:
            try:
                self.listener.accept()[0].close()
            except OSError:
                return
            self.touched += 1


def targets(canaries: list[Canary]) -> dict[str, str]:
    """Return addresses that nobody may be led to, by the name of the case."""
    ports = iter([canary.port for canary in canaries] * 3)
    spelled = {
        "127.0.0.1": "127.0.0.1",
        "a-short-127.1": "127.1",
        "a-number": "2130706433",
        "hexadecimal": "0x7f.1",
        "octal": "017700000001",
        "circled-digits": "①②⑦.⓪.⓪.①",
        "0.0.0.0": "0.0.0.0",
        "ipv6-loopback": "[::1]",
        "ipv4-in-ipv6": "[::ffff:127.0.0.1]",
        "nat64": "[64:ff9b::7f00:1]",
        "6to4": "[2002:7f00:1::]",
        "localhost": "localhost",
        "a-name-for-a-private-address": "inside.example",
        "a-name-that-changes-its-answer": "rebinding.example",
    }
    found = {name: f"http://{host}:{next(ports)}/" for name, host in spelled.items()}
    return found | {
        "169.254.169.254": "http://169.254.169.254/latest/meta-data/",
        "a-name-for-metadata": "http://metadata.example/",
        "a-private-network": "http://10.0.0.1/",
        "carrier-nat": "http://100.64.0.1/",
        "multicast": "http://224.0.0.1/",
        "file": "file:///etc/passwd",
        "gopher": f"gopher://127.0.0.1:{next(ports)}/_x",
        "ftp": f"ftp://127.0.0.1:{next(ports)}/x",
        "dict": f"dict://127.0.0.1:{next(ports)}/x",
        "data": "data:text/xml,<rss/>",
        "javascript": "javascript:alert(1)",
        "a-login": f"http://user:secret@127.0.0.1:{next(ports)}/",
    }


def run(options: Options) -> list[Result]:
    with ExitStack() as stack:
        folder = stack.enter_context(rig.work_folder())
        canaries = [Canary() for _ in range(CANARIES)]
        places = targets(canaries)
        redirects = {f"redirect-to-{name}": where for name, where in places.items()}
        authority, wrong_name = certificates(folder)
        plain = stack.enter_context(served(HostileServer(HOST, redirects)))
        secure = stack.enter_context(served(HostileServer(HOST, {}, wrong_name)))
        kind = stack.enter_context(served(HostileServer(KIND_HOST, {})))
        rig.make_project(folder / "empty")
        urls = {name: f"http://{HOST}:{plain.port}/{name}" for name in [*CASES, *redirects]}
        urls["tls-with-a-wrong-name"] = f"https://{HOST}:{secure.port}/tls-with-a-wrong-name"
        urls |= {f"straight-to-{name}": where for name, where in places.items() if where.startswith("http:")}
        urls.pop("good")
        good = f"http://{KIND_HOST}:{kind.port}/good"
        urls.pop("straight-to-a-login")  # refused when the configuration is read
        chosen = {name: url for name, url in urls.items() if options.only in ("", name)}
        found = [one_case(folder, name, url, good, authority) for name, url in chosen.items()]
        together = all_at_once(folder, urls, good, authority) if not options.only else []
    limit_s = FETCH_S + options.around_s
    runs = [*found, *together]
    return [
        Result("hostile: cases", len(found), digits=0),
        exactly("hostile: runs that ended otherwise than they should", sum(not it.orderly for it in runs)),
        exactly("hostile: good feeds that were harmed", sum(it.harmed for it in runs)),
        exactly("hostile: listeners inside that were touched", sum(canary.touched for canary in canaries)),
        at_most(
            "hostile: most seconds of one case, all in all", max(it.run.seconds for it in found), limit_s
        ),
        at_most("hostile: peak memory, MB", max(it.megabytes for it in runs), MEMORY_MB),
    ]


@dataclass(frozen=True)
class Found:
    """What one pull did."""

    run: rig.Run
    orderly: bool
    harmed: int

    @property
    def megabytes(self) -> float:
        return self.run.peak_mib * 1024**2 / 1e6


def one_case(folder: Path, name: str, url: str, good: str, authority: Path) -> Found:
    """Pull one hostile feed and a good one, and print a line."""
    summaries, found = pull(folder / name.replace("/", "-"), {"bad": url, "good": good}, authority, 1)
    words = " ".join(_told(it) for it in summaries if it["feed"] == "bad")
    host = f"http://{HOST}:"
    words = words.replace(host, "http://…:")
    print(f"{name:47} {found.run.seconds:5.1f} s {found.megabytes:4.0f} MB  {words[:230]}", flush=True)
    return found


def _told(summary: dict[str, Any]) -> str:
    return summary["problem"] or f"{summary['new']} new; {' '.join(summary['warnings'])}"


def all_at_once(folder: Path, urls: dict[str, str], good: str, authority: Path) -> list[Found]:
    """Pull every hostile feed and some good ones together."""
    # Of a host that says 429, the rest would be left alone.
    feeds = {f"bad-{number}": url for number, url in enumerate(urls.values()) if "429" not in url}
    feeds |= {f"good-{number}": f"{good}/{number}" for number in range(GOOD_FEEDS)}
    _, found = pull(folder / "together", feeds, authority, GOOD_FEEDS)
    what = f"{found.harmed} of {GOOD_FEEDS} good feeds harmed"
    print(f"all {len(feeds)} in one pull: {found.run.seconds:.1f} s, {found.megabytes:.0f} MB, {what}")
    return [found]


def pull(
    folder: Path, feeds: dict[str, str], authority: Path, good: int
) -> tuple[list[dict[str, Any]], Found]:
    """Pull these feeds in a new project; return the summaries."""
    write_project(folder, feeds)
    log = folder / "stderr"
    client = [sys.executable, rig.HERE / "hostile_client.py", log, *WORLD, "--"]
    environ = {"SSL_CERT_FILE": str(authority)}
    found = rig.measure([*client, "-C", folder, "--json", "feed", "pull"], environ)
    said = log.read_text("utf-8", "replace")
    try:
        summaries = json.loads(found.stdout)
    except ValueError:
        print(said)
        return [], Found(found, orderly=False, harmed=good)
    # They tell the same stories: what one has brought is joined by the others.
    read = sum(it["feed"].startswith("good") and it["new"] + it["joined"] == 20 for it in summaries)
    failed = any(it["problem"] for it in summaries)
    orderly = found.code == (3 if failed else 0) and "Traceback" not in said
    return summaries, Found(found, orderly, good - read)


def write_project(folder: Path, feeds: dict[str, str]) -> None:
    """Write a project with these feeds; all but the hostile server's own address stays forbidden."""
    shutil.copytree(folder.parent / "empty", folder)
    path = folder / "newsletter.toml"
    head, *_, tail = path.read_text(encoding="utf-8").split("[[feeds]]")
    tables = "".join(
        f"\n[[feeds]]\nname = {json.dumps(n)}\nurl = {json.dumps(u)}\n" for n, u in feeds.items()
    )
    allow = f'\n[fetch]\nallow = ["{HOST}", "{KIND_HOST}", "192.0.2.0/24"]\n'
    path.write_text(head + tail[tail.index("\n[[newsletters]]") :] + tables + allow, encoding="utf-8")


def certificates(folder: Path) -> tuple[Path, ssl.SSLContext]:
    """Return the file of an authority that is trusted, and what serves its certificate for another name."""
    import trustme

    authority = trustme.CA()
    authority.cert_pem.write_to_path(folder / "authority.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("elsewhere.example.org").configure_cert(context)
    return folder / "authority.pem", context


@contextmanager
def served(server: HostileServer) -> Iterator[HostileServer]:
    """Serve for as long as it is needed."""
    with server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield server
        finally:
            server.over.set()
            server.shutdown()
            thread.join()


if __name__ == "__main__":
    run_alone(__doc__, Options, run)
