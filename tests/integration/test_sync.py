"""The membership system is the truth: our list is compared with it, and brought up to date."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import make_url

from newsletter.errors import MemberError, MemberRowsError
from newsletter.members.types import Basis, Served, Terms
from newsletter.workflows import sync as workflow
from newsletter.workflows.forget import forget_member
from newsletter.workflows.members import import_members, show_member, unsubscribe_member
from newsletter.workflows.sync import MemberQuery, Titles, compare_members, sync_members

NOW = datetime(2026, 11, 20, 7, tzinfo=UTC)
LATER = NOW + timedelta(days=7)
AUDIENCES = {"governors": "Governors", "leaders": "Leaders", "career-leads": "Career leads"}
TITLES = Titles(AUDIENCES, {"weekly": "Weekly", "careers": "Careers"})
SERVED = (Served("weekly", frozenset(AUDIENCES)), Served("careers", frozenset({"career-leads"})))
TERMS = Terms(SERVED, Basis.MEMBERSHIP, "crm.csv", LATER)
HEADER = "email,first_name,audiences,school\n"
LIST = HEADER + "".join(f"m{number}@example.org,M{number},governors,Heath\n" for number in range(20))


@pytest.fixture
def crm(tmp_path: Path):
    """Write the membership system's list."""

    def crm(text: str, name: str = "crm.csv") -> Path:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return crm


@pytest.fixture
def project(project, crm):
    """A project with twenty members of the list, a week ago."""
    titles = {"audiences": TITLES.audiences, "newsletters": TITLES.newsletters}
    import_members(project.members, crm(LIST), replace(TERMS, now=NOW), **titles)
    return project


def counts(found) -> tuple[int, int, int, int]:
    return found.added, found.changed, found.ended, found.unchanged


def compare(project, source, terms=TERMS):
    return compare_members(project.members, source, terms, TITLES)


def sync(project, source, **others):
    return sync_members(project.members, source, TERMS, TITLES, **others)


def newsletters(project, name: str) -> set[str]:
    return set(show_member(project, f"{name}@example.org", LATER)[0].newsletters)


def edited() -> str:
    """The list with one new, three changed in different ways, one gone."""
    changed = LIST.replace("m3@example.org,M3", "m3@example.org,Mia").replace(
        "M4,governors", "M4,career-leads"
    )
    without = changed.replace("m5@example.org,M5,governors,Heath", "m5@example.org,M5,governors,Hill")
    return without.replace("m6@example.org,M6,governors,Heath\n", "") + "new@example.org,New,leaders,Heath\n"


def test_difference_is_shown_and_nothing_changed_until_it_is_meant(project, crm):
    source = crm(edited())
    found = compare(project, source)
    assert counts(found) == (1, 3, 1, 16)
    assert found.known == 20
    assert found.examples == {
        "added": ["new@example.org"],
        "changed": ["m3@example.org", "m4@example.org", "m5@example.org"],
        "ended": ["m6@example.org"],
    }
    assert counts(compare(project, source)) == counts(found)  # it was a look and no more
    assert counts(sync(project, source)) == counts(found)
    assert counts(compare(project, source)) == (0, 0, 0, 20)
    assert newsletters(project, "m4") == {"weekly", "careers"}
    assert newsletters(project, "m6") == set()
    gone = show_member(project, "m6@example.org", LATER)[1][-1]
    assert (gone.end_reason, gone.end_source) == ("no longer a member", "crm.csv")


def test_member_who_is_on_the_list_again_gets_it_again(project, crm):
    sync(project, crm(edited()))
    assert counts(sync(project, crm(LIST + "new@example.org,New,leaders,Heath\n"), confirmed=0))[2] == 0
    assert newsletters(project, "m6") == {"weekly"}


def test_who_left_or_was_forgotten_stays_out_and_is_counted(project, crm):
    unsubscribe_member(project, "m1@example.org", None, NOW)
    project.members.suppress("m2@example.org", "bounced", "", NOW)
    forget_member(project, "m3@example.org", NOW)
    found = sync(project, crm(LIST.replace("M2,governors", "M2,leaders")))
    assert found.left_out == {"unsubscribed": 1, "bounced": 1, "forgotten": 1}
    assert found.added == 0
    assert project.members.find("m3@example.org", LATER) is None
    assert newsletters(project, "m1") == set()


def test_own_consent_outlives_membership(project, crm):
    member, [running] = show_member(project, "m7@example.org", NOW)
    project.subscriptions.begin(member.id, replace(running, basis="consent", source="form", started_at=NOW))
    found = sync(project, crm(LIST.replace("m7@example.org,M7,governors,Heath\n", "")))
    assert found.ended == 0
    assert newsletters(project, "m7") == {"weekly"}


@pytest.mark.parametrize(
    "text", [HEADER, LIST[: len(LIST) // 2].rpartition("\n")[0] + "\n", LIST.replace("governors", "")]
)
def test_list_that_would_wipe_members_out_stops_before_anything_changes(project, crm, text):
    source = crm(text)
    found = compare(project, source)
    with pytest.raises(MemberError, match=f"{found.ended} of 20 members would go") as caught:
        sync(project, source)
    assert f"--confirm {found.ended}" in caught.value.hint
    with pytest.raises(MemberError, match="not the 1 of --confirm"):
        sync(project, source, confirmed=1)
    assert counts(compare(project, crm(LIST, "whole.csv"))) == (0, 0, 0, 20)
    assert sync(project, source, confirmed=found.ended).ended == found.ended


def test_slip_in_a_row_ends_nobody(project, crm):
    found = sync(project, crm(LIST.replace("M9,governors", "M9,goveners")))
    assert [row.line for row in found.bad_rows] == [11]
    assert (counts(found), newsletters(project, "m9")) == ((0, 0, 0, 19), {"weekly"})


def test_rows_of_one_address_are_compared_together(project, crm):
    found = sync(project, crm(LIST + "M8@example.org,,career-leads,\n"))
    assert (counts(found)[:3], newsletters(project, "m8")) == ((0, 1, 0), {"weekly", "careers"})
    assert counts(compare(project, crm(LIST + "M8@example.org,,career-leads,\n"))) == (0, 0, 0, 20)


def as_json(text: str) -> list[dict[str, object]]:
    rows = [line.split(",") for line in text.splitlines()[1:]]
    return [
        {"Email": a, "first_name": b, "audiences": [c], "school": d, "phone": None} for a, b, c, d in rows
    ]


@pytest.mark.parametrize("lines", [False, True])
def test_list_as_json(project, crm, lines):
    found = as_json(edited())
    text = "\n".join(map(json.dumps, found)) if lines else json.dumps(found, indent=1)
    assert counts(compare(project, crm(text, "crm.json"))) == (1, 3, 1, 16)


@pytest.mark.parametrize(
    "text", ["[1]", "[]", '[{"email": "a@example.org"', '{"email": "a@example.org"} oops']
)
def test_json_that_is_no_list_of_members_changes_nothing(project, crm, text):
    with pytest.raises(MemberRowsError, match=r"crm\.json"):
        sync(project, crm(text, "crm.json"))


def test_list_from_a_query(project, tmp_path):
    path = tmp_path / "crm.db"
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE people (mail, called, role, school)")
        rows = [line.split(",") for line in edited().splitlines()[1:]]
        database.executemany("INSERT INTO people VALUES (?, ?, ?, ?)", rows)
    database.close()
    sql = "SELECT mail AS email, called AS first_name, role AS audiences, school FROM people"
    assert counts(compare(project, MemberQuery(f"sqlite:///{path}", sql))) == (1, 3, 1, 16)
    for wrong, said in (
        ("DELETE FROM people", "readonly database"),
        ("SELECT mail FROM people", "no column is called email"),
        ("SELECT wrong FROM people", "no such column"),
    ):
        with pytest.raises((MemberError, MemberRowsError), match=said):
            compare(project, MemberQuery(f"sqlite:///{path}", wrong))


def test_query_in_postgresql_can_only_read(project, postgres_url):
    url = make_url(postgres_url)
    sql = "SELECT current_setting('transaction_read_only') AS email"
    place = MemberQuery(url.set(password=None).render_as_string(), sql, url.password)
    assert [row.problem for row in compare(project, place).bad_rows] == ["no @ in 'on'"]
    sql = "SELECT 'm1@example.org' AS email, '100%' AS note, now()::date AS since"
    assert compare(project, replace(place, sql=sql)).changed == 1


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("postgresql://reader:secret@db.example.org/crm", "holds a password"),
        ("sqlite:///nowhere/crm.db", "there is no database file"),
        ("oracles://db/crm", "is no database that we know"),
        ("post gres://x", "cannot be read"),
        ("postgresql://reader@127.0.0.1:1/crm", "said: connection failed"),
    ],
)
def test_database_that_cannot_be_asked_is_told_with_a_cure(project, url, said):
    with pytest.raises(MemberError, match=said) as caught:
        compare(project, MemberQuery(url, "SELECT 1", "secret" if "said" in said else None))
    assert "secret" not in f"{caught.value} {caught.value.hint}"
    assert caught.value.hint


@pytest.mark.parametrize("seed", range(3))
def test_any_list_is_the_truth_afterwards(project, crm, seed, monkeypatch):
    monkeypatch.setattr(workflow, "BATCH", 7)
    dice = Random(seed)
    for _ in range(3):
        rows = [
            f"m{number}@example.org,{dice.choice(['', 'Mo', 'Mi'])},"
            f"{';'.join(dice.sample([*AUDIENCES], dice.randrange(3)))},{dice.choice(['', 'Hill'])}\n"
            for number in dice.sample(range(30), 20)
        ]
        source = crm(HEADER + "".join(rows))
        expected = compare(project, source)
        assert counts(sync(project, source, confirmed=expected.ended)) == counts(expected)
        assert counts(compare(project, source))[:3] == (0, 0, 0)
