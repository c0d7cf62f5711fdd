"""The pages of a project, put together as an ASGI application."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from newsletter.errors import StoreError
from newsletter.web import approval, leave, topics, view
from newsletter.web.guard import Guard
from newsletter.web.site import Answer, Asked, Handler, Site, endpoint
from newsletter.workflows.project import Project

#: Method, path and what answers; what changes something is a POST.
PAGES: tuple[tuple[str, str, Handler], ...] = (
    ("GET", "/u/{token}", leave.show),
    ("POST", "/u/{token}", leave.leave),
    ("GET", "/stay/{token}", leave.show_stay),
    ("POST", "/stay/{token}", leave.stay),
    ("GET", "/a/{token}", approval.show),
    ("POST", "/a/{token}", approval.approve),
    ("GET", "/a/{token}/{variant}", approval.show_variant),
    ("GET", "/p/{token}", topics.show),
    ("POST", "/p/{token}", topics.save),
    ("GET", "/v/{token}", view.show),
)


def make_app(project: Project, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> Starlette:
    """Return the pages of a project. Raises ConfigError where [web] url is not set."""
    site = Site(project, clock)
    routes = [Route(path, endpoint(site, handler), methods=[method]) for method, path, handler in PAGES]

    def health(_: Request) -> Response:
        """Say whether the database answers."""
        try:
            with project.database.read() as connection:
                connection.exec_driver_sql("SELECT 1")
        except StoreError:
            return PlainTextResponse("the database does not answer\n", 503)
        return PlainTextResponse("ok\n")

    async def nowhere(request: Request, _: Exception) -> Response:
        return await endpoint(site, _stranger)(request)

    app = Starlette(
        routes=[*routes, Route("/healthz", health)],
        middleware=[Middleware(Guard, site=site)],
        exception_handlers={HTTPException: nowhere},
    )
    app.router.redirect_slashes = False  # to an address that the visitor's own Host would make up
    return app


def _stranger(site: Site, asked: Asked) -> Answer:
    return site.stranger(asked)
