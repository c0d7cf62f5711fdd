"""Lists of feeds, from another feed reader and for one."""

LIST = """<opml version="2.0"><body><outline text="Governance">
<outline type="rss" text="Tŷ Board news" xmlUrl="https://board.example.org/feed"/></outline>
<outline type="rss" text="School heads" xmlUrl="https://heads.example.org/feed?a=1&amp;b=2"/>
<outline type="rss" text="Broken" xmlUrl="gopher://old.example.org/"/></body></opml>"""

LEADERS = '[audiences.leaders]\ntitle = "Leaders"\ncategories = ['


def test_list_is_taken_over_once_and_given_back(fresh):
    before = fresh.config.read_text("utf-8")
    path = fresh.folder / "list.opml"
    path.write_text(LIST, "utf-8")
    done = fresh.json("feed", "import", path, code=3)
    assert [(it["name"], it["categories"]) for it in done["added"]] == [
        ("ty-board-news", ["Governance"]),
        ("school-heads", []),
    ]
    assert [it["line"] for it in done["problems"]] == [4]
    after = fresh.config.read_text("utf-8")
    assert [line for line in before.splitlines() if line not in after.splitlines()] == []
    again = fresh("feed", "import", path, code=3)
    assert "0 feeds added, 2 there already" in again.stdout
    assert "list.opml:4: no http or https address: 'gopher://old.example.org/'" in again.stderr
    assert fresh.config.read_text("utf-8") == after
    exported = fresh("feed", "export")
    assert '<outline text="Governance">' in exported.stdout
    assert "https://heads.example.org/feed?a=1&amp;b=2" in exported.stdout
    assert "files of this project: policy, practice" in exported.stderr
    assert fresh.json("feed", "export")["opml"].startswith("<?xml")


def test_file_that_is_no_list_changes_nothing(fresh):
    before = fresh.config.read_text("utf-8")
    refused = fresh("feed", "import", fresh.folder / "feeds" / "policy.rss", code=1)
    assert "policy.rss: is no list of feeds (OPML)" in refused.stderr
    assert "there is no file" in fresh("feed", "import", fresh.folder / "nothing.opml", code=1).stderr
    assert fresh.config.read_text("utf-8") == before


def test_categories_of_a_feed_file_its_items_from_the_moment_they_are_set(fresh):
    """Without a pull: the server of a feed that has not changed says no more than 304."""
    fresh("feed", "pull", "policy")
    before = fresh.json("item", "list")
    fresh.configure('url = "feeds/policy.rss"', 'categories = ["Of our own"]\nurl = "feeds/policy.rss"')
    fresh.configure(LEADERS, f'{LEADERS}\n  "of our OWN",')
    items = fresh.json("item", "list")
    assert items
    assert all(item["categories"][-1] == "Of our own" and "leaders" in item["audiences"] for item in items)
    assert fresh.json("feed", "pull", "policy")[0]["not_modified"]
    fresh.configure('categories = ["Of our own"]\n', "")
    fresh.configure('\n  "of our OWN",', "")
    assert fresh.json("item", "list") == before
