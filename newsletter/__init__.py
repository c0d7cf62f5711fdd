"""Newsletter: news in from feeds, sorted by audience, composed into digests, sent to every member.

Each folder is one concept, and its docstring says what it does and what it refuses to do. Imports point
to a lower tier only (`tests/unit/test_tiers.py` reads them):

0. words    `errors`, `address`
1. values   `<room>/types.py`, `delivery/content.py`
2. deciding `feeds`, `audiences`, `members`, `editions`, `render`, `delivery`, `bounces`: pure, no I/O
3. edges    `config`, `store`, `feeds/fetch`, `delivery/smtp`, `delivery/outbox`, `delivery/inbox`,
            `bounces/mailbox`
4. verbs    `workflows`: one module for each thing the program does
5. shells   `web`
6. program  `cli`
"""

__version__ = "0.1.0"
