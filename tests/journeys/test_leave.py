"""From a mail that was sent to the page that it leads to, and out of the next edition."""

from __future__ import annotations

import re
import signal
from datetime import date, timedelta

import urllib3

NEWS = """<html><head><title>A new roof for governors</title></head>
<body><main><h1>A new roof for governors</h1><p>News for school governors.</p></main></body></html>"""


def test_one_click_takes_a_member_out_of_the_next_edition(project, mailbox):
    project.relay(mailbox.host, mailbox.port)
    text = project.config.read_text("utf-8")
    project.config.write_text(text + '\n[web]\nurl = "https://news.example.org/letters"\n', "utf-8")
    first = project.approved()
    project("edition", "send", first, "--go")
    mail = next(it for it in mailbox.messages if it["To"].addresses[0].username == "anna")
    [url] = re.findall(r"<(https:[^>]+)>", mail["List-Unsubscribe"])
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    with project.process("serve", "--port", "0") as server:
        place = re.search(r"http://\S+", server.stderr.readline())[0]
        answer = urllib3.request(
            "POST",
            url.replace("https://news.example.org", place),
            body="List-Unsubscribe=One-Click",
            headers={"Content-Type": "application/x-www-form-urlencoded"},
        )
        server.send_signal(signal.SIGTERM)
        logged = server.communicate()
    assert (answer.status, logged, server.returncode) == (200, ("", ""), 0)
    before, mailbox.recipients[:] = set(mailbox.recipients), []
    (project.folder / "roof.html").write_text(NEWS, "utf-8")
    project("item", "add", project.folder / "roof.html")
    [roof] = [it["id"] for it in project.json("item", "list") if it["title"].startswith("A new roof")]
    project("item", "audience", roof, "+governors", "+leaders")
    project("edition", "draft", "weekly", "--date", date.fromisoformat(first[-10:]) + timedelta(7))
    project("edition", "approve", "weekly", "--by", "Anna")
    project("edition", "send", "weekly", "--go", "--confirm", "2")
    assert before - set(mailbox.recipients) == {"anna@example.org"}
    assert len(mailbox.recipients) == len(before) - 1
    assert "left" in project("why", "anna@example.org").stdout
