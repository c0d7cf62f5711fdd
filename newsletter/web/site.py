"""The site: what all pages share, what a visitor asks of one, and what it answers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from newsletter.errors import ConfigError
from newsletter.web.shell import Shell
from newsletter.web.strangers import Strangers
from newsletter.web.words import PageWords, page_words
from newsletter.workflows.keys import link_tokens
from newsletter.workflows.project import Project

_MOST_FIELDS = 200
_FORBIDDEN = 403


@dataclass(frozen=True, slots=True)
class Asked:
    """What a visitor asks. path: the parts that a route names; form: of a POST; client: its address."""

    path: Mapping[str, str]
    query: Mapping[str, str]
    form: FormData
    client: str
    now: datetime

    @property
    def token(self) -> str:
        """The token in the address."""
        return self.path.get("token", "")


@dataclass(frozen=True, slots=True)
class Answer:
    """A page. headers: beside those that all have, or in their place."""

    html: str
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


class Site:
    """The project as its pages see it. clock: what says the time.

    origin: scheme, host and port under which browsers know it. base: the path before those of all pages, ""
    or "/news". Raises ConfigError where [web] url is not set.
    """

    def __init__(self, project: Project, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        if project.config.settings.web is None:
            raise ConfigError(
                "[web] url is not set, so no mail leads to the pages",
                hint='[web] url = "https://news.example.org" in newsletter.toml; see docs/pages.md',
            )
        self.project = project
        self.config = project.config
        self.clock = clock
        self.shell = Shell(project.config)
        self.tokens = link_tokens(project)
        self.strangers = Strangers()
        #: One writes at a time, in the order of coming: those who wait for SQLite overtake one another.
        self.turn = asyncio.Lock()
        parts = urlsplit(project.config.settings.web.url)
        self.origin = f"{parts.scheme}://{parts.netloc}".lower()
        self.base = parts.path.rstrip("/")

    def words(self, asked: Asked, language: str | None = None) -> PageWords:
        """Return the language a visitor chose, or else this one."""
        return page_words(asked.query.get("lang") or language)

    def page(
        self, template: str, words: PageWords, title: str, *, status: int = 200, **values: object
    ) -> Answer:
        """Return a page of our own. template: its file; values: what it shows."""
        return Answer(self.shell.page(template, words, title, base=self.base, **values), status)

    def newsletter(self, name: str) -> tuple[str, str]:
        """Return title and language of a newsletter; of one that is no more, its name and the first one's."""
        for newsletter in self.config.settings.newsletters:
            if newsletter.name == name:
                return newsletter.display_title, newsletter.language
        return name, self._language

    def kept_address(self, asked: Asked) -> str | None:
        """Return where a visitor came from, if the organisation keeps that for a while."""
        return asked.client if self.config.settings.retention.network_addresses else None

    def notice(self, words: PageWords, title: str, text: str, *, status: int = 200) -> Answer:
        """Return a page that says one thing, and where to write to."""
        contact = words.write_to_us.format(address=self.config.sender.leave)
        return self.page("plain.html", words, title, status=status, text=text, contact=contact)

    def stranger(self, asked: Asked) -> Answer:
        """Return the one answer to every link that does not work, and count it."""
        words = self.words(asked, self._language)
        if self.strangers.too_many(asked.client, asked.now):
            return self.notice(words, words.too_often_title, words.too_often, status=429)
        return self.notice(words, words.stranger_title, words.stranger, status=404)

    def trouble(self, status: int) -> Answer:
        """Return the page for what went wrong before anybody was asked."""
        words = page_words(self._language)
        if status == _FORBIDDEN:
            return self.notice(words, words.elsewhere_title, words.elsewhere, status=status)
        return self.notice(words, words.fault_title, words.fault, status=status)

    @property
    def _language(self) -> str:
        """The language of the first newsletter, for pages that are about none."""
        return self.config.settings.newsletters[0].language


#: What a page does: looks at what is asked, and answers. It runs in a thread, and may talk to the database.
Handler = Callable[[Site, Asked], Answer]


def endpoint(site: Site, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
    """Return a handler as starlette calls it."""

    async def answer(request: Request) -> Response:
        asked = Asked(
            request.path_params,
            request.query_params,
            await _form(request),
            request.client.host if request.client else "",
            site.clock(),
        )
        if request.method != "POST":
            return respond(await run_in_threadpool(handler, site, asked))
        async with site.turn:
            return respond(await run_in_threadpool(handler, site, asked))

    return answer


def respond(answer: Answer) -> Response:
    """Return an answer as starlette sends it."""
    return HTMLResponse(answer.html, answer.status, headers=dict(answer.headers))


async def _form(request: Request) -> FormData:
    """Return the fields of a form; none for what is no form, or is a broken one."""
    if request.method != "POST":
        return FormData()
    try:
        return await request.form(max_files=0, max_fields=_MOST_FIELDS)
    except HTTPException:
        return FormData()
