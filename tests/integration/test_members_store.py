"""Members, from a file into either database and out again."""

from __future__ import annotations

import os
import threading
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from newsletter.address import parse_address
from newsletter.errors import AddressError, MemberError, MemberRowsError, NewsletterError, StoreError
from newsletter.members.types import BadRow, Basis, ImportSummary, MemberRow, MemberStatus, Served, Terms
from newsletter.store import members as members_module
from newsletter.store.database import Database
from newsletter.store.members import MemberStore
from newsletter.store.schema import members, subscriptions
from newsletter.store.staged import StagedRows
from newsletter.workflows import members as workflow
from newsletter.workflows.members import (
    add_member,
    export_members,
    import_members,
    show_member,
    unsubscribe_member,
)
from newsletter.workflows.project import Project

AUDIENCES = {"governors": "Governors", "leaders": "School leaders", "career-leads": "Career leads"}
NEWSLETTERS = {"weekly": "The weekly digest", "careers": "Careers"}
SERVED = (Served("weekly", frozenset(AUDIENCES)), Served("careers", frozenset({"career-leads"})))
DAY_ONE = datetime(2026, 11, 20, 7, tzinfo=UTC)
FIRST = """\
email,first_name,last_name,audiences,school
anna@example.org,Anna,Bell,governors;career-leads,Heath
bea@example.org,Bea,,leaders,
carl@example.org,,,,Hill
"""


def day(number: int) -> datetime:
    return DAY_ONE + timedelta(days=number - 1)


def terms(now: datetime = DAY_ONE, basis: Basis = Basis.MEMBERSHIP) -> Terms:
    return Terms(SERVED, basis, "members.csv", now)


@pytest.fixture
def store(project: Project) -> MemberStore:
    return project.members


@pytest.fixture
def take(store: MemberStore, tmp_path: Path):
    """Import a text as a member file."""

    def take(text: str, now: datetime = DAY_ONE, **others) -> ImportSummary:
        path = tmp_path / "members.csv"
        path.write_text(text, encoding="utf-8")
        return import_members(store, path, terms(now), audiences=AUDIENCES, newsletters=NEWSLETTERS, **others)

    return take


@pytest.fixture
def leave(database: Database):
    """End a member's running subscription, as a click on the link does."""

    def leave(email: str, newsletter: str, now: datetime, reason: str = "unsubscribed") -> None:
        whose = select(members.c.id).where(members.c.email == email).scalar_subquery()
        running = (subscriptions.c.newsletter == newsletter) & subscriptions.c.ended_at.is_(None)
        with database.write() as connection:
            connection.execute(
                update(subscriptions)
                .where(subscriptions.c.member_id == whose, running)
                .values(ended_at=now, end_reason=reason)
            )

    return leave


def listed(store: MemberStore, **filters) -> list[str]:
    return [member.email for member in store.members(DAY_ONE, **filters)]


def history(project: Project, email: str) -> list[tuple[str, set[str], str | None]]:
    _, past = show_member(project, email, DAY_ONE)
    return [(it.newsletter, set(it.audiences), it.end_reason) for it in past]


def test_import_makes_members_with_subscriptions(take, store, project):
    assert take(FIRST) == ImportSummary(added=3, without_audience=1)
    anna, past = show_member(project, "ANNA@example.org", DAY_ONE)
    assert (anna.email, anna.first_name, anna.last_name) == ("anna@example.org", "Anna", "Bell")
    assert anna.audiences == {"governors", "career-leads"}
    assert anna.newsletters == {"weekly", "careers"}
    assert (anna.status, anna.attributes) == (MemberStatus.ACTIVE, {"school": "Heath"})
    assert history(project, "anna@example.org") == [
        ("weekly", {"governors", "career-leads"}, None),
        ("careers", {"career-leads"}, None),
    ]
    assert {(it.frequency, it.basis, it.source, it.started_at) for it in past} == {
        ("each", "membership", "members.csv", DAY_ONE)
    }
    assert store.field_names() == ["school"]
    assert listed(store) == ["anna@example.org", "bea@example.org", "carl@example.org"]


def test_same_import_again_changes_nothing(take, store, database):
    take(FIRST + "ANNA@example.org,,Bell,leaders,\n")

    def rows():
        with database.read() as connection:
            return [connection.execute(select(it).order_by(it.c.id)).all() for it in (members, subscriptions)]

    before = rows()
    again = take(FIRST + "ANNA@example.org,,Bell,leaders,\n", day(2))
    assert again == ImportSummary(unchanged=3, merged=1, without_audience=1)
    assert rows() == before


def test_export_imported_again_changes_nothing(take, store, leave):
    take(
        "email,audiences,newsletters,=note\na@example.org,career-leads,careers,-1\nb@example.org,leaders,weekly,\n"
    )
    leave("b@example.org", "weekly", day(2))
    exported = "".join(export_members(store, DAY_ONE))
    assert take(exported, day(3)) == ImportSummary(unchanged=2)
    assert "".join(export_members(store, DAY_ONE)) == exported


def test_bad_rows_are_reported_and_good_ones_kept(take, store):
    summary = take("email,audiences\nanna.example.org,\nb@example.org,leaders\nc@example.org,goveners\n")
    assert summary.added == 1
    assert summary.bad_rows == [
        BadRow(2, "no @ in 'anna.example.org'"),
        BadRow(4, "audience 'goveners' is not known; did you mean 'governors'?"),
    ]
    assert listed(store) == ["b@example.org"]


def test_file_without_email_column_changes_nothing(take, store):
    with pytest.raises(MemberRowsError, match="no column is called email"):
        take("name,audiences\nAnna,leaders\n")
    assert listed(store) == []


def test_missing_file_is_told_in_one_line(store, tmp_path):
    with pytest.raises(NewsletterError, match=r"cannot read .*none.csv: No such file"):
        import_members(store, tmp_path / "none.csv", terms(), audiences={}, newsletters={})


def test_import_reads_from_a_pipe(store, tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_text, args=(FIRST,))
    writer.start()
    summary = import_members(store, pipe, terms(), audiences=AUDIENCES, newsletters=NEWSLETTERS)
    writer.join()
    assert summary.added == 3


def test_rows_of_one_address_are_joined_however_far_apart(take, store, monkeypatch, project):
    monkeypatch.setattr(workflow, "BATCH", 2)
    others = "".join(f"m{number}@example.org,,leaders\n" for number in range(7))
    text = (
        f"email,first_name,audiences\nanna@example.org,Ann,governors\n{others}Anna@Example.org,Anna,leaders\n"
    )
    assert take(text) == ImportSummary(added=8, merged=1)
    [member] = store.members(DAY_ONE, audience="governors")
    assert (member.email, member.first_name, member.audiences) == (
        "Anna@example.org", "Anna", {"governors", "leaders"},
    )  # fmt: skip
    assert history(project, "anna@example.org") == [("weekly", {"governors", "leaders"}, None)]
    assert listed(store)[0] == "Anna@example.org"  # by the first of its rows


def test_changed_member_is_brought_up_to_date_and_empty_cells_change_nothing(take, store):
    take(FIRST)
    summary = take(
        "email,first_name,last_name,phone\nanna@example.org,Ann,,+44 1\nbea@example.org,,,\n", day(2)
    )
    assert summary == ImportSummary(changed=1, unchanged=1)
    anna = store.find("anna@example.org", DAY_ONE)
    assert (anna.first_name, anna.last_name, anna.attributes) == (
        "Ann",
        "Bell",
        {"school": "Heath", "phone": "+44 1"},
    )
    assert anna.audiences == {"governors", "career-leads"}
    assert store.field_names() == ["phone", "school"]


def test_changed_audiences_leave_history(take, project):
    take(FIRST)
    assert take("email,audiences\nanna@example.org,leaders\n", day(2)) == ImportSummary(changed=1)
    assert history(project, "anna@example.org") == [
        ("weekly", {"governors", "career-leads"}, "changed"),
        ("careers", {"career-leads"}, "no longer served"),
        ("weekly", {"leaders"}, None),
    ]
    _, (ended, _, begun) = show_member(project, "anna@example.org", DAY_ONE)
    assert ended.ended_at == begun.started_at == day(2)


def test_change_keeps_pause_and_basis(take, project, database):
    take(FIRST)
    with database.write() as connection:
        connection.execute(update(subscriptions).values(paused_until=day(30), basis="consent"))
    take("email,audiences\nbea@example.org,governors\n", day(2))
    _, past = show_member(project, "bea@example.org", DAY_ONE)
    assert [(it.basis, it.paused_until, it.end_reason) for it in past] == [
        ("consent", day(30), "changed"),
        ("consent", day(30), None),
    ]


def test_who_left_stays_out_and_is_still_brought_up_to_date(take, store, leave, project):
    take(FIRST)
    leave("anna@example.org", "weekly", day(2))
    leave("bea@example.org", "weekly", day(2), "complaint")
    summary = take(FIRST.replace("Bell", "Ball").replace("leaders,", "governors,"), day(3))
    assert summary == ImportSummary(
        changed=2, unchanged=1, left_out=Counter(unsubscribed=1, complaint=1), without_audience=1
    )
    assert store.find("anna@example.org", DAY_ONE).newsletters == {"careers"}
    assert history(project, "bea@example.org") == [("weekly", {"leaders"}, "complaint")]
    assert store.find("bea@example.org", DAY_ONE).audiences == {"governors"}


def test_suppressed_addresses_are_left_out(take, store, project):
    store.suppress("anna@example.org", "hard bounce", "550 5.1.1", DAY_ONE)
    store.suppress("anna@example.org", "complaint", "", day(2))  # the first reason stays
    assert store.is_suppressed("anna@example.org")
    assert not store.is_suppressed("bea@example.org")
    assert take(FIRST, day(3)) == ImportSummary(
        added=3, left_out=Counter({"hard bounce": 1}), without_audience=1
    )
    assert history(project, "anna@example.org") == []
    assert listed(store, status=MemberStatus.SUPPRESSED) == ["anna@example.org"]


@pytest.fixture
def one_of_each_status(take, store, database, leave):
    take("email,audiences\n" + "".join(f"{it}@example.org,career-leads\n" for it in STATUSES))
    take("email\nnothing@example.org\n")
    for newsletter in NEWSLETTERS:
        leave("unsubscribed@example.org", newsletter, day(2))
    leave("half@example.org", "weekly", day(2))
    store.suppress("suppressed@example.org", "complaint", "", day(2))
    pause = update(subscriptions).values(paused_until=day(9))

    def whose(email):
        return (
            subscriptions.c.member_id
            == select(members.c.id).where(members.c.email == email).scalar_subquery()
        )

    with database.write() as connection:
        connection.execute(pause.where(whose("paused@example.org")))
        connection.execute(pause.where(whose("partly@example.org"), subscriptions.c.newsletter == "weekly"))
        forgotten = members.c.email == "forgotten@example.org"
        connection.execute(
            update(members).where(forgotten).values(email=None, email_key=None, forgotten_at=day(2))
        )


STATUSES = ("active", "half", "paused", "partly", "unsubscribed", "suppressed", "forgotten")


@pytest.mark.usefixtures("one_of_each_status")
@pytest.mark.parametrize(
    ("status", "now", "emails"),
    [
        (MemberStatus.ACTIVE, day(3), ["active", "half", "partly", "nothing"]),
        (MemberStatus.PAUSED, day(3), ["paused"]),
        (MemberStatus.PAUSED, day(9), []),
        (MemberStatus.UNSUBSCRIBED, day(3), ["unsubscribed"]),
        (MemberStatus.SUPPRESSED, day(3), ["suppressed"]),
        (MemberStatus.FORGOTTEN, day(3), [""]),
    ],
)
def test_status_follows_from_subscriptions_and_suppressions(store, status, now, emails):
    found = list(store.members(now, status=status))
    assert [it.email.removesuffix("@example.org") for it in found] == emails
    assert {it.status for it in found} <= {status}


def test_members_are_listed_in_the_order_they_came_page_by_page(take, store, monkeypatch):
    monkeypatch.setattr(members_module, "PAGE", 3)
    emails = [f"m{number}@example.org" for number in (5, 1, 9, 3, 7, 2, 8)]
    take("email,audiences\n" + "".join(f"{it},leaders\n" for it in emails))
    take("email,audiences\na0@example.org,career-leads\nm5@example.org,career-leads\n", day(2))
    assert listed(store) == [*emails, "a0@example.org"]
    assert listed(store, audience="leaders") == emails[1:]
    assert listed(store, audience="career-leads") == ["m5@example.org", "a0@example.org"]
    assert listed(store, audience="lead%") == []


def test_member_added_by_hand_is_subscribed(store, project):
    row = MemberRow(0, parse_address("Anna@Example.org"), "Anna", audiences=frozenset({"governors"}))
    anna = add_member(project, row, terms())
    assert (anna.email, anna.newsletters, anna.status) == (
        "Anna@example.org",
        {"weekly"},
        MemberStatus.ACTIVE,
    )
    with pytest.raises(MemberError, match=r"there is a member with the address anna@example.org already"):
        add_member(project, MemberRow(0, parse_address("anna@example.org")), terms(day(2)))
    assert listed(store) == ["Anna@example.org"]


def test_unknown_member_is_said_to_be_unknown(store, project):
    assert store.find("nobody@example.org", DAY_ONE) is None
    with pytest.raises(MemberError, match=r"no member has the address 'nobody@example.org'"):
        show_member(project, "nobody@example.org", DAY_ONE)
    with pytest.raises(AddressError):
        store.find("nobody", DAY_ONE)


def test_import_that_breaks_off_leaves_nothing(take, store, monkeypatch):
    monkeypatch.setattr(workflow, "BATCH", 1)

    def stop_at_second(what, done, total):
        if what == "writing" and done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        take(FIRST, progress=stop_at_second)
    assert listed(store) == []


def test_progress_tells_bytes_read_and_members_written(take, monkeypatch):
    monkeypatch.setattr(workflow, "BATCH", 2)
    told = []
    take(FIRST, progress=lambda *news: told.append(news))
    assert told == [("reading", len(FIRST), len(FIRST)), ("writing", 2, 3), ("writing", 3, 3)]


def test_two_imports_at_once_do_the_work_once(store, tmp_path):
    path = tmp_path / "members.csv"
    path.write_text(
        "email,audiences\n" + "".join(f"m{number}@example.org,leaders\n" for number in range(300))
    )
    summaries: list[ImportSummary] = []

    def take_once():
        done = import_members(store, path, terms(), audiences=AUDIENCES, newsletters=NEWSLETTERS)
        summaries.append(done)

    threads = [threading.Thread(target=take_once) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(it.added for it in summaries) == [0, 300]
    assert sorted(it.unchanged for it in summaries) == [0, 300]
    assert len(listed(store)) == 300


def test_full_temporary_folder_is_told_with_a_cure():
    def rows() -> Iterator[MemberRow]:
        for number in range(100_000):
            yield MemberRow(number, parse_address(f"m{number}@example.org"))

    with StagedRows() as staged:
        staged._database.execute("PRAGMA max_page_count = 20")
        with pytest.raises(StoreError, match="temporary files: database or disk is full") as caught:
            staged.add(rows())
    assert "TMPDIR" in caught.value.hint


def test_member_who_asked_to_leave_stays_away(store, take, project):
    take(FIRST)
    assert unsubscribe_member(project, "ANNA@example.org", "careers", day(2)) == ["careers"]
    assert unsubscribe_member(project, "anna@example.org", None, day(3)) == ["weekly"]
    assert unsubscribe_member(project, "anna@example.org", None, day(4)) == []
    assert take(FIRST, day(5)).left_out == Counter(unsubscribed=1)
    assert listed(store, status=MemberStatus.UNSUBSCRIBED) == ["anna@example.org"]
    with pytest.raises(MemberError, match="nobody"):
        unsubscribe_member(project, "nobody@example.org", None, day(5))
