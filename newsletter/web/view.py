"""Reading in a browser: `/v/…`, the frozen variant as everybody who has the link sees it."""

from __future__ import annotations

from newsletter.members.tokens import Purpose
from newsletter.render.web import page_policy
from newsletter.web.site import Answer, Asked, Site
from newsletter.workflows.web_versions import own_hosts, read_in_browser


def show(site: Site, asked: Asked) -> Answer:
    """Show a variant without anything that is a member's; a link lives as long as its edition."""
    read = site.tokens.read(Purpose.VIEW, asked.token)
    page = read_in_browser(site.project, *map(int, read.split())) if read else None
    if page is None:
        return site.stranger(asked)
    policy = f"{page_policy(tuple(own_hosts(site.config)))}; frame-ancestors 'none'"
    return Answer(page, headers={"Content-Security-Policy": policy})
