"""An editor writes for an edition, on the command line, and members would read it."""

from __future__ import annotations

import pytest


@pytest.fixture
def drafted(project):
    project("edition", "draft", "weekly")
    return project


def previewed(project, tmp_path):
    project("edition", "preview", "weekly", "--out", tmp_path / "out")
    return {path.stem: path.read_text("utf-8") for path in (tmp_path / "out").glob("*.txt")}


def test_introduction_closing_and_subject_reach_the_mail(drafted, tmp_path):
    intro = tmp_path / "intro.md"
    intro.write_bytes("\ufeffGood **morning**, Siân.\r\n".encode())
    drafted("edition", "intro", "weekly", intro, "--by", "Anna")
    drafted("edition", "intro", "weekly", "--for", "leaders", "--text", "Heads meet on Monday.")
    drafted("edition", "closing", "weekly", "--text", "Until Friday.")
    shown = drafted.json("edition", "subject", "weekly", "Budgets  for three years")
    assert [(it["part"], it["audience"], it["text"], it["by"]) for it in shown["words"]][:2] == [
        ("introduction", "", "Good **morning**, Siân.", "Anna"),
        ("introduction", "leaders", "Heads meet on Monday.", shown["words"][1]["by"]),
    ]
    assert {variant["subject"] for variant in shown["variants"]} == {"Budgets for three years"}
    texts = previewed(drafted, tmp_path)
    assert all(("Heads meet" in text) == ("leaders" in name.split("+")) for name, text in texts.items())
    text = next(text for name, text in texts.items() if "leaders" in name.split("+"))
    assert (
        text.index("Good morning, Siân.") < text.index("Heads meet on Monday.") < text.index("Until Friday.")
    )
    assert "Introduction for all, Anna" in drafted("edition", "show", "weekly").stdout


def test_words_that_are_taken_back_are_gone(drafted, tmp_path):
    before = drafted.json("edition", "show", "weekly")["hash"]
    drafted("edition", "intro", "weekly", "--text", "Hello")
    assert drafted.json("edition", "intro", "weekly", "--undo")["hash"] == before


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["intro", "weekly"], "give a file (- is standard input), or --text, or --undo"),
        (["intro", "weekly", "--text", "x", "--undo"], "give a file (- is standard input), or --text"),
        (["closing", "weekly", "--text", "  "], "there is no text in it; --undo takes an earlier one back"),
        (["subject", "weekly"], "give a subject, or --undo"),
        (["subject", "weekly", "x" * 61], "the subject has 61 characters, and inboxes show 60"),
    ],
)  # fmt: skip
def test_slip_is_told(drafted, words, told):
    assert told in " ".join(drafted("edition", *words, code=2).stderr.split())


def test_text_that_is_no_utf8_is_told(drafted, tmp_path):
    (tmp_path / "intro.md").write_bytes(b"caf\xe9")
    done = drafted("edition", "intro", "weekly", tmp_path / "intro.md", code=2)
    assert "intro.md is not UTF-8 text; save it as UTF-8" in " ".join(done.stderr.split())


def test_audience_that_does_not_exist_is_told_with_the_likely_one(drafted):
    done = drafted("edition", "intro", "weekly", "--text", "x", "--for", "leader", code=1)
    assert "there is no audience 'leader'; did you mean `leaders`?" in done.stderr


def test_approved_edition_takes_no_more_words(drafted):
    drafted("edition", "approve", "weekly")
    done = drafted("edition", "subject", "weekly", "Too late", code=1)
    assert "is approved and stays as it is" in done.stderr
    assert "--reopen" in done.stderr
