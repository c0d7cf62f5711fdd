"""What a server may do to those who fetch feeds from it, each under the path of its name."""

from __future__ import annotations

import gzip
import socketserver
import ssl
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler

GOOD = (
    '<rss version="2.0"><channel><title>Good news</title>{items}</channel></rss>'.format(
        items="".join(
            f"<item><guid>good-{n}</guid><title>Good news {n}</title><link>https://example.org/{n}</link></item>"
            for n in range(20)
        )
    )
).encode()
_ENTITIES = "".join(
    f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' if n else '<!ENTITY l0 "lol">' for n in range(12)
)
LAUGHS = (
    f'<!DOCTYPE rss [{_ENTITIES}]><rss version="2.0"><channel><title>&l11;</title></channel></rss>'.encode()
)
QUADRATIC = (
    f'<!DOCTYPE rss [<!ENTITY a "{"x" * 50_000}">]><rss version="2.0"><channel><title>'
    f"{'&a;' * 50_000}</title></channel></rss>"
).encode()
XXE = (
    b'<!DOCTYPE rss [<!ENTITY x SYSTEM "file:///etc/passwd">]><rss version="2.0"><channel><title>News</title>'
    b"<item><guid>xxe</guid><title>secret &x;</title></item></channel></rss>"
)
DIVS = (
    b'<rss version="2.0"><channel><title>Deep</title><item><guid>deep</guid><title>Deep</title><description>'
    + b"&lt;div&gt;" * 50_000
    + b"</description></item></channel></rss>"
)
HTML = (
    b"<!DOCTYPE html><html><head>"
    b"<link rel='alternate' type='application/rss+xml' href='/news.rss'></head></html>"
)
BOMB_BYTES = 10 * 1000**3
DRIP_S = 1.0

Case = Callable[["Hostile"], None]
CASES: dict[str, Case] = {}


class Hostile(BaseHTTPRequestHandler):
    """Answers by path; a redirect goes where the server's owner says."""

    protocol_version = "HTTP/1.1"
    server: HostileServer

    def do_GET(self) -> None:
        self.close_connection = True
        name = self.path.strip("/").partition("/")[0]
        try:
            if name in self.server.redirects:
                self.redirect(self.server.redirects[name])
            else:
                CASES[name](self)
        except OSError:
            pass  # whoever fetched had enough

    def head(self, status: int = 200, **headers: str) -> None:
        """Send the first part of an answer."""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()

    def whole(self, body: bytes, status: int = 200, **headers: str) -> None:
        """Send an answer that is whole."""
        self.head(status, Content_Length=str(len(body)), **headers)
        self.wfile.write(body)

    def redirect(self, where: str, status: int = 302) -> None:
        """Send elsewhere."""
        self.whole(b"", status, Location=where.encode().decode("latin-1"))  # UTF-8, as servers do

    def without_end(self, pieces: Iterator[bytes], pause_s: float = 0) -> None:
        """Send pieces for as long as somebody takes them."""
        for piece in pieces:
            self.wfile.write(piece)
            if self.server.over.wait(pause_s) if pause_s else self.server.over.is_set():
                return

    def log_message(self, *_: object) -> None:
        pass


class HostileServer(socketserver.ThreadingTCPServer):
    """A server at an address of its own; with tls it shows a certificate for that context."""

    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, host: str, redirects: dict[str, str], tls: ssl.SSLContext | None = None) -> None:
        self.redirects = redirects
        self.over = threading.Event()
        super().__init__((host, 0), Hostile)
        if tls:
            self.socket = tls.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
        self.port: int = self.server_address[1]

    def handle_error(self, *_: object) -> None:
        """Say nothing of clients who hang up: that is what they should do."""


def case(name: str) -> Callable[[Case], Case]:
    """Enter a case under its name."""

    def enter(function: Case) -> Case:
        CASES[name] = function
        return function

    return enter


def forever(piece: bytes) -> Iterator[bytes]:
    """Yield a piece without end."""
    while True:
        yield piece


@case("good")
def _(it: Hostile) -> None:
    it.whole(GOOD)


@case("endless-body")
def _(it: Hostile) -> None:
    it.head()
    it.without_end(forever(b"<item><title>x</title></item>" * 2000))


@case("endless-chunks")
def _(it: Hostile) -> None:
    it.head(Transfer_Encoding="chunked")
    it.without_end(forever(b"10000\r\n" + b"x" * 65536 + b"\r\n"))


@case("drip-of-the-body")
def _(it: Hostile) -> None:
    it.head()
    it.without_end(forever(b"<"), DRIP_S)


@case("drip-of-the-head")
def _(it: Hostile) -> None:
    it.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    it.without_end(forever(b"x"), DRIP_S)


@case("endless-head")
def _(it: Hostile) -> None:
    it.wfile.write(b"HTTP/1.1 200 OK\r\n")
    it.without_end(forever(b"X-Header: " + b"x" * 60_000 + b"\r\n"))


@case("endless-100-continue")
def _(it: Hostile) -> None:
    it.without_end(forever(b"HTTP/1.1 100 Continue\r\n\r\n" * 1000))


@case("silence")
def _(it: Hostile) -> None:
    it.server.over.wait(60)


@case("gzip-bomb-of-10-gb")
def _(it: Hostile) -> None:
    it.head(Content_Encoding="gzip")
    deflate = zlib.compressobj(9, zlib.DEFLATED, 31)
    megabyte = bytes(1_000_000)
    it.without_end(deflate.compress(megabyte) for _ in range(BOMB_BYTES // len(megabyte)))
    it.wfile.write(deflate.flush())


@case("gzip-of-nothing-without-end")
def _(it: Hostile) -> None:
    it.head(Content_Encoding="gzip")
    it.without_end(forever(gzip.compress(b"") * 1000))


@case("deflate-bomb")
def _(it: Hostile) -> None:
    it.whole(zlib.compress(bytes(200_000_000), 9), Content_Encoding="deflate")


@case("gzip-in-gzip")
def _(it: Hostile) -> None:
    it.whole(gzip.compress(gzip.compress(bytes(50_000_000))), Content_Encoding="gzip, gzip")


@case("br-bomb")
def _(it: Hostile) -> None:
    try:
        import brotli
    except ImportError:
        it.whole(bytes(1000), Content_Encoding="br")
    else:
        it.whole(brotli.compress(bytes(200_000_000), quality=1), Content_Encoding="br")


@case("zstd-bomb")
def _(it: Hostile) -> None:
    try:
        from backports import zstd
    except ImportError:
        it.whole(bytes(1000), Content_Encoding="zstd")
    else:
        it.whole(zstd.compress(bytes(200_000_000)), Content_Encoding="zstd")


@case("entity-bomb")
def _(it: Hostile) -> None:
    it.whole(LAUGHS)


@case("entity-bomb-quadratic")
def _(it: Hostile) -> None:
    it.whole(QUADRATIC)


@case("entity-from-a-file")
def _(it: Hostile) -> None:
    it.whole(XXE)


@case("50000-open-divs")
def _(it: Hostile) -> None:
    it.whole(DIVS)


@case("100-redirects")
def _(it: Hostile) -> None:
    count = int(it.path.rpartition("/")[2]) if it.path.count("/") > 1 else 0
    it.redirect(f"/100-redirects/{count + 1}") if count < 100 else it.whole(GOOD)


@case("tls-with-a-wrong-name")
def _(it: Hostile) -> None:
    it.whole(GOOD)


@case("200-with-html")
def _(it: Hostile) -> None:
    it.whole(HTML, Content_Type="text/html")


@case("304-without-having-asked")
def _(it: Hostile) -> None:
    it.whole(b"", 304)


@case("empty-body")
def _(it: Hostile) -> None:
    it.whole(b"")


@case("no-http-at-all")
def _(it: Hostile) -> None:
    it.wfile.write(b"SSH-2.0-OpenSSH_9.2\r\n")


@case("broken-off")
def _(it: Hostile) -> None:
    it.head(Content_Length="100000")
    it.wfile.write(GOOD[:500])


@case("answer-after-a-second")
def _(it: Hostile) -> None:
    time.sleep(1)
    it.whole(GOOD)


def _statuses() -> None:
    for status in (400, 401, 403, 404, 410, 418, 429, 500, 502, 503, 504, 511):

        def answer(it: Hostile, status: int = status) -> None:
            it.whole(b"no", status, **({"Retry_After": "3600"} if status in {429, 503} else {}))

        CASES[f"status-{status}"] = answer


_statuses()
