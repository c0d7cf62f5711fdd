"""Where in an HTML page the story stands.

By where its words are, not by rules for one site: words that are not links, of which one element after the
other holds nearly all, down to the one whose children share them. What sites put into a story (share buttons,
"read more", cookie notices) is known by the usual names of its classes, or by being nothing but links.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from lxml.html import HtmlElement

#: A page that is one form is wrapped by some sites.
NOT_STORY = (
    "//nav | //aside | //script | //style | //noscript | //template | //*[@role='navigation'] | //*[@hidden]"
    " | //*[@role='search'] | //*[@role='complementary'] | //*[@role='banner'] | //*[@role='contentinfo']"
    " | //*[@role='dialog'] | //*[@aria-hidden='true'] | //body/footer | //body/header[not(.//h1)]"
    " | //form[not(.//h1 or .//main or .//article)]"
)
_CONTAINERS = {"body", "div", "section", "main", "article", "form", "table", "tbody", "tr", "td", "center"}
_NEARLY_ALL = 0.75
_DEBRIS = re.compile(
    r"(?:^|[\s_-])(?:share|sharing|social|related|recirc|newsletter|subscri(?:be|ption)|sign-?up|cookies?|consent"
    r"|comments?|disqus|breadcrumbs?|promo|advert(?:isement)?s?|sidebar|tags?|tag-?list|author-?(?:bio|box)|byline"
    r"|pagination|pager|post-navigation|skip-link|print-link|most-?(?:read|popular)|read-?more|teasers?"
    r"|visually-?hidden|sr-only|screen-reader-text|feedback|toc|widget)(?:$|[\s_-])",
    re.IGNORECASE,
)
#: More of the words than this, and it is the story that has such a name.
_DEBRIS_SHARE = 0.35
_LINKED_SHARE, _LINKED_LEAST = 0.7, 2


def find_story(root: HtmlElement, *, is_article: bool) -> HtmlElement:
    """Return the element that holds the story, and take out of it what is none.

    The one <main> or <article> of a page, or else the whole page; narrowed where is_article says that it is a
    piece of news. root: without what `NOT_STORY` finds.
    """
    story = root
    for name in ("main", "article"):
        found = list(root.iter(name))
        if len(found) == 1:
            story = found[0]
            break
    if is_article:
        story = _narrowed(story)
        _drop_debris(story)
    return story


def _narrowed(node: HtmlElement) -> HtmlElement:
    words = _own_words(node)
    while True:
        inner = next((it for it in _children(node) if _own_words(it) >= _NEARLY_ALL * words), None)
        if inner is None:
            return node
        node = inner


def _children(node: HtmlElement) -> Iterator[HtmlElement]:
    return (it for it in node if isinstance(it.tag, str) and it.tag in _CONTAINERS | {"html"})


def _drop_debris(story: HtmlElement) -> None:
    words = _own_words(story)
    for element in list(
        story.iterdescendants("div", "section", "ul", "ol", "p", "span", "header", "footer", "dl")
    ):
        if element.getparent() is None or element is story:
            continue
        named = _DEBRIS.search(f"{element.get('class') or ''} {element.get('id') or ''}")
        if (named and _own_words(element) <= _DEBRIS_SHARE * words) or _is_links(element):
            element.drop_tree()


def _is_links(element: HtmlElement) -> bool:
    """Whether an element is hardly more than links to other pages: a list of stories, a row of buttons."""
    links = [it for it in element.iter("a") if (it.text_content() or "").strip()]
    if len(links) <= _LINKED_LEAST or element.tag in {"p", "span"}:
        return False
    linked = sum(len(it.text_content().split()) for it in links)
    return linked >= _LINKED_SHARE * len(element.text_content().split())


def _own_words(node: HtmlElement) -> int:
    """Count the words of an element that are in no link."""
    linked = sum(len(it.text_content().split()) for it in node.iter("a"))
    return len(node.text_content().split()) - linked
