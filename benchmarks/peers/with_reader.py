"""Pull feeds with the library reader, as its documentation shows it: with_reader.py DATABASE FILE-OF-URLS."""

from __future__ import annotations

import sys
from pathlib import Path

from reader import make_reader

WORKERS = 8

with make_reader(sys.argv[1]) as reader:
    for url in Path(sys.argv[2]).read_text("utf-8").split():
        reader.add_feed(url, exist_ok=True)
    failed = [
        one.url
        for one in reader.update_feeds_iter(workers=WORKERS, scheduled=False)
        if isinstance(one.value, Exception)
    ]
    counts = reader.get_entry_counts()
print(f"{counts.total} entries, {len(failed)} feeds failed")
sys.exit(1 if failed else 0)
