"""What was approved is what is sent, whatever a feed says afterwards."""

import re

from journeys.program import html_of, text_of


def test_bait_after_approval_reaches_nobody(project):
    name = project.approved()
    approved = project.json("edition", "show", name)
    for path in (project.folder / "feeds").glob("*.*"):
        text = path.read_text("utf-8")
        path.write_text(re.sub(r"(<title[^>]*>|\"title\": \")", r"\1BAIT ", text), "utf-8")
    project("feed", "pull")
    assert any(item["title"].startswith("BAIT") for item in project.json("item", "list"))
    project("edition", "send", name, "--go")
    messages = project.outbox()
    assert len(messages) == 3
    for message in messages:
        assert "BAIT" not in html_of(message) + text_of(message) + message["Subject"]
    assert project.json("edition", "show", name)["hash"] == approved["hash"]
