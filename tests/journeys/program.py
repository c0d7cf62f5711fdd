"""The program, a project to run it in, a terminal to run it on, and an SMTP server to send to."""

from __future__ import annotations

import html
import json
import os
import pty
import re
import select
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

from click.testing import CliRunner
from journeys.forked import Forked
from ports import free_port
from relays import PATIENCE_S

from newsletter.cli.main import main

#: A relay of a test answers, though perhaps not at once.
_PATIENT = 'timeouts = { connect = "5m" }'
MEMBERS = """\
email,first_name,last_name,audiences,School
anna@example.org,Anna,Aldous,governors;career-leads,Oak Lane Primary
bashir@example.org,Bashir,Bell,leaders,Moor End Academy
carys@example.org,Carys,Cole,governors,Oak Lane Primary
"""


@dataclass(frozen=True)
class Ended:
    """How a call of the program ended."""

    code: int
    stdout: str
    stderr: str

    @property
    def json(self):
        """What stdout holds, which must be one JSON document and nothing else."""
        return json.loads(self.stdout)


class Project:
    """A project folder, and the program run in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self, *args: object, code: int | None = 0) -> Ended:
        """Run the program in this process; a traceback would fail the test, and so does another exit code.

        code: None for any.
        """
        done = CliRunner().invoke(
            main, ["-C", str(self.folder), *map(str, args)], prog_name="newsletter", catch_exceptions=False
        )
        assert code in {None, done.exit_code}, done.output
        return Ended(done.exit_code, done.stdout, done.stderr)

    def json(self, *args: object, code: int = 0):
        """Run the program with --json after the verb, and return what it printed."""
        return self(*args, "--json", code=code).json

    def process(self, *args: object, **more: object) -> Forked:
        """Start the program as a process of its own, in the project folder. more: streams, environment."""
        return Forked([*map(str, args)], cwd=self.folder, **more)

    def run(self, *args: object, **more: object) -> Ended:
        """Run the program as a process of its own, in the project folder."""
        with self.process(*args, **more) as process:
            try:
                stdout, stderr = process.communicate(timeout=PATIENCE_S)
            finally:
                process.kill()  # where it has not ended by itself
        return Ended(process.returncode, stdout, stderr)

    @property
    def config(self) -> Path:
        return self.folder / "newsletter.toml"

    def configure(self, old: str, new: str) -> None:
        """Change newsletter.toml."""
        text = self.config.read_text("utf-8")
        assert old in text
        self.config.write_text(text.replace(old, new), "utf-8")

    def relay(self, host: str, port: int, more: str = "") -> None:
        """Send to an SMTP server in place of the outbox."""
        lines = f'host = "{host}"\nport = {port}\nsecurity = "none"\nconnections = 2\n{_PATIENT}\n{more}'
        self.configure('outbox = "outbox"', lines)

    def only_feed(self, url: str, kind: str = "feed") -> None:
        """Leave one feed, called news, in newsletter.toml."""
        text = self.config.read_text("utf-8")
        without = re.sub(r"(?ms)^\[\[feeds\]\].*?(?=^\[\[newsletters\]\])", "", text)
        self.config.write_text(
            f'{without}\n[[feeds]]\nname = "news"\nurl = "{url}"\nkind = "{kind}"\n', "utf-8"
        )

    def import_members(self, text: str = MEMBERS, code: int = 0) -> Ended:
        path = self.folder / "members.csv"
        path.write_text(text, "utf-8")
        return self("member", "import", path, code=code)

    def approved(self) -> str:
        """Draft and approve the next edition, and return its name."""
        name = self.json("edition", "draft", "weekly")["id"]
        self("edition", "approve", name, "--by", "Anna")
        return name

    def outbox(self) -> list[EmailMessage]:
        return [read_message(path.read_bytes()) for path in sorted((self.folder / "outbox").glob("*.eml"))]


def read_message(content: bytes) -> EmailMessage:
    return message_from_bytes(content, policy=policy.default)


def html_of(message: EmailMessage) -> str:
    return message.get_body(("html",)).get_content()


def headlines(message: EmailMessage) -> list[str]:
    """Return the headlines of the stories in the HTML part, in order."""
    found = re.findall(r"<h3[^>]*>(.*?)</h3>", html_of(message), re.DOTALL)
    return [html.unescape(re.sub(r"<[^>]*>", "", headline)).strip() for headline in found]


def text_of(message: EmailMessage) -> str:
    return message.get_body(("plain",)).get_content()


class Mailbox:
    """A real SMTP server, and what it took."""

    def __init__(self) -> None:
        self.host, self.port = "127.0.0.1", free_port()
        self.messages: list[EmailMessage] = []
        self.recipients: list[str] = []

    async def handle_DATA(self, server, session, envelope) -> str:  # noqa: N802 - aiosmtpd's name
        self.recipients += envelope.rcpt_tos
        self.messages.append(read_message(envelope.original_content))
        return "250 2.0.0 kept"


class Terminal:
    """A terminal of a certain width in which the program runs."""

    def __init__(self, project: Project, columns: int = 80) -> None:
        self._project = project
        self._columns = columns

    def run(self, *args: object, typed: str = "", code: int = 0, **environ: str) -> str:
        """Return what a person sees on the screen who types this, escape sequences and all."""
        master, slave = pty.openpty()
        os.write(master, typed.encode())
        env = {**os.environ, "COLUMNS": str(self._columns), "LINES": "24", "TERM": "xterm", **environ}
        with self._project.process(*args, stdin=slave, stdout=slave, stderr=slave, env=env) as process:
            os.close(slave)
            seen = b"".join(_read_all(master))
        os.close(master)
        assert process.returncode == code, seen.decode()
        return seen.decode().replace("\r\n", "\n")


def _read_all(descriptor: int) -> Iterator[bytes]:
    """Read until the other end is closed, which Linux tells by an error."""
    while select.select([descriptor], [], [], PATIENCE_S)[0]:
        try:
            data = os.read(descriptor, 65536)
        except OSError:
            return
        if not data:
            return
        yield data
