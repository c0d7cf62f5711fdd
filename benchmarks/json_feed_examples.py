"""Feeds as the JSON Feed specification shows them (versions 1 and 1.1), told with words of our own.

Each: a name, the document, and what is to be read: title, link, date and words of each item.
"""

from __future__ import annotations

from typing import Any

V1, V1_1 = "https://jsonfeed.org/version/1", "https://jsonfeed.org/version/1.1"
Item = tuple[str, str | None, str | None, str]

EXAMPLES: list[tuple[str, dict[str, Any], list[Item]]] = [
    (
        "simple: two items, one of HTML and one of text",
        {
            "version": V1_1,
            "title": "Heath School",
            "home_page_url": "https://example.org/",
            "feed_url": "https://example.org/feed.json",
            "items": [
                {"id": "2", "content_text": "The roof is done.", "url": "https://example.org/second"},
                {"id": "1", "content_html": "<p>Hello, school!</p>", "url": "https://example.org/first"},
            ],
        },
        [
            ("The roof is done.", "https://example.org/second", None, "The roof is done."),
            ("Hello, school!", "https://example.org/first", None, "Hello, school!"),
        ],
    ),
    (
        "podcast: an item that is an attachment with show notes",
        {
            "version": V1,
            "user_comment": "This is a podcast feed. Add its address to a reader.",
            "title": "The Staffroom",
            "home_page_url": "http://staffroom.example.net/",
            "feed_url": "http://staffroom.example.net/feed.json",
            "items": [
                {
                    "id": "http://staffroom.example.net/episode1",
                    "url": "http://staffroom.example.net/episode1",
                    "title": "Inspection week",
                    "content_text": "Anna and Ben talk about a week in May.",
                    "content_html": 'Anna and Ben talk about <a href="/may">a week</a> in May.',
                    "summary": "A week in May.",
                    "date_published": "2017-05-09T14:04:00-07:00",
                    "attachments": [
                        {
                            "url": "http://staffroom.example.net/downloads/episode1.m4a",
                            "mime_type": "audio/x-m4a",
                            "size_in_bytes": 89970236,
                            "duration_in_seconds": 6629,
                        }
                    ],
                }
            ],
        },
        [
            (
                "Inspection week",
                "http://staffroom.example.net/episode1",
                "2017-05-09T21:04:00+00:00",
                "Anna and Ben talk about a week in May.",
            )
        ],
    ),
    (
        "microblog: items without titles, with an author and dates",
        {
            "version": V1,
            "title": "Cora's notes",
            "home_page_url": "https://example.org/cora",
            "feed_url": "https://example.org/cora/feed.json",
            "author": {"name": "Cora", "url": "http://example.org/", "avatar": "https://example.org/c.png"},
            "items": [
                {
                    "id": "2347259",
                    "url": "https://example.org/2347259",
                    "content_text": "Cats are neat.",
                    "date_published": "2016-02-09T14:22:00+02:00",
                }
            ],
        },
        [
            (
                "Cats are neat.",
                "https://example.org/2347259",
                "2016-02-09T12:22:00+00:00",
                "Cats are neat.",
            )
        ],
    ),
    (
        "link blog: external_url, and a date of change only",
        {
            "version": V1_1,
            "title": "Links",
            "authors": [{"name": "Cora"}, {"name": "Ben"}],
            "language": "en-GB",
            "expired": False,
            "hubs": [{"type": "WebSub", "url": "https://example.org/hub"}],
            "next_url": "https://example.org/feed.json?page=2",
            "icon": "https://example.org/icon.png",
            "favicon": "https://example.org/favicon.png",
            "items": [
                {
                    "id": 17,
                    "external_url": "https://example.com/elsewhere",
                    "title": "Worth reading",
                    "content_html": "<p>They have <em>three</em> hints.</p>",
                    "image": "https://example.org/image.png",
                    "banner_image": "https://example.org/banner.png",
                    "date_modified": "2026-11-02T08:00:00Z",
                    "tags": ["reading", "hints"],
                    "language": "en-GB",
                    "_extension": {"about": "https://example.org/extension", "number": 1},
                }
            ],
        },
        [
            (
                "Worth reading",
                "https://example.com/elsewhere",
                "2026-11-02T08:00:00+00:00",
                "They have three hints.",
            )
        ],
    ),
    (
        "an item that is nothing but an attachment",
        {
            "version": V1_1,
            "title": "Recordings",
            "items": [
                {
                    "id": "r1",
                    "title": "Annual meeting",
                    "attachments": [{"url": "/meeting.mp3", "mime_type": "audio/mpeg", "title": "Meeting"}],
                }
            ],
        },
        [("Annual meeting", "https://example.org/meeting.mp3", None, "")],
    ),
]
