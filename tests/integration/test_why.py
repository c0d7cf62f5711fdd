"""Why a member did, or did not, get an edition or an item."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from builders import FRIDAY, NOW, add_items, add_members, approve, plan
from sqlalchemy import insert, select, update

from newsletter.editions.types import EditionId
from newsletter.errors import MemberError
from newsletter.feeds.types import ItemStatus
from newsletter.members.subscriptions import stays_out
from newsletter.members.types import EndReason, Lifting, MemberStatus, Suppression
from newsletter.store.schema import attempts, deliveries, items, members, subscriptions
from newsletter.workflows.control import cancel_edition, pause_edition
from newsletter.workflows.draft import draft_edition
from newsletter.workflows.members import unsuppress_member
from newsletter.workflows.plan import begin_sending
from newsletter.workflows.why import explain_member

ANNA = "anna@example.org"
HOUR, DAY, WEEK = timedelta(hours=1), timedelta(days=1), timedelta(days=7)


def shown(when) -> str:
    return f"{when:%d %b %H:%M}"


def edition_why(project, name="anna", edition="weekly", now=NOW + HOUR) -> tuple[str, str]:
    """Return code and words of why there was no delivery, or why it did not arrive."""
    [story] = explain_member(project, f"{name}@example.org", now, edition=edition).editions
    assert story.because, story.trace
    return story.because.code, story.because.told(shown)


def item_why(project, item, name="anna", edition=None, now=NOW + HOUR) -> list[tuple[str, str]]:
    """Return code and words of why an item did not come."""
    told = explain_member(project, f"{name}@example.org", now, edition=edition, item=item).item
    return [(because.code, because.told(shown)) for _, _, because in told.because]


def member_id(project, name="anna") -> int:
    return project.members.find(f"{name}@example.org", NOW).id


def change_subscription(project, **values) -> None:
    with project.database.write() as connection:
        whose = select(members.c.id).where(members.c.email == "anna@example.org").scalar_subquery()
        connection.execute(update(subscriptions).where(subscriptions.c.member_id == whose).values(values))


def end_delivery(project, status: str, *said: tuple[str, str]) -> None:
    """Let Anna's delivery come to its end, after tries that ended so and with these words."""
    with project.database.write() as connection:
        key = connection.scalar(
            update(deliveries)
            .where(deliveries.c.member_id == member_id(project))
            .values(status=status, finished_at=NOW + HOUR)
            .returning(deliveries.c.id)
        )
        at = {"started_at": NOW, "ended_at": NOW + HOUR, "delivery_id": key}
        for outcome, text in said:
            row = {"status": outcome, "relay": "relay.test", "code": 250, "text": text, **at}
            connection.execute(insert(attempts).values(row))


def test_delivery_is_told_try_by_try(project):
    held = add_items(project, {"roof": "governors"})
    add_members(project, ["anna"])
    plan(project)
    end_delivery(project, "sent", ("deferred", "later"), ("sent", "queued as 7F"))
    [story] = explain_member(project, "Anna@EXAMPLE.org", NOW, edition="weekly").editions
    assert story.because is None
    assert (story.trace.status, story.trace.items) == ("sent", (held["roof"],))
    assert [(it.status, it.relay, it.reply) for it in story.trace.tries] == [
        ("deferred", "relay.test", "250 later"),
        ("sent", "relay.test", "250 queued as 7F"),
    ]


@pytest.mark.parametrize(
    ("happened", "why"),
    [
        ({"ended_at": NOW, "end_reason": EndReason.UNSUBSCRIBED}, ("left", "left weekly on 26 Nov 09:00")),
        (
            {"ended_at": NOW, "end_reason": EndReason.NOT_LISTED},
            ("left", "was not listed for weekly in the import of 26 Nov 09:00"),
        ),
        (
            {"ended_at": NOW, "end_reason": "by pigeon"},
            ("left", "is not subscribed to weekly since 26 Nov 09:00 (by pigeon)"),
        ),
        ({"paused_until": NOW + WEEK}, ("paused", "has paused weekly until 03 Dec 09:00")),
    ],
)
def test_subscription_that_did_not_run_is_the_reason(project, happened, why):
    add_items(project, {"roof": "governors"})
    add_members(project, ["anna", "ben"])
    change_subscription(project, **happened)
    plan(project)
    assert edition_why(project, now=NOW + DAY) == why


def test_who_joined_after_the_plan_is_told_when(project):
    add_items(project, {"roof": "governors"})
    add_members(project, ["ben"])
    plan(project)
    add_members(project, ["anna"], now=NOW + HOUR)
    assert edition_why(project) == (
        "joined_later",
        "joined on 26 Nov 10:00, after its recipients were fixed",
    )


def test_who_left_after_the_plan_is_told_when(project):
    add_items(project, {"roof": "governors"})
    add_members(project, ["anna", "ben"])
    plan(project)
    project.subscriptions.end(member_id(project), None, "form", NOW + HOUR, reason=EndReason.UNSUBSCRIBED)
    end_delivery(project, "suppressed")
    assert edition_why(project) == ("left", "left weekly on 26 Nov 10:00")


def test_who_left_long_after_is_not_told_that(project):
    add_items(project, {"roof": "governors"})
    add_members(project, {"anna": "leaders", "ben": "governors"})
    plan(project)
    project.subscriptions.end(member_id(project), None, "form", NOW + DAY, reason=EndReason.UNSUBSCRIBED)
    code, words = edition_why(project, now=NOW + WEEK)
    assert (code, words) == ("not_for_them", "found nothing in it: no item is for leaders")


def test_suppression_that_was_lifted_is_told_of_its_time(project):
    add_items(project, {"roof": "governors"})
    add_members(project, ["anna"])
    project.members.suppress(ANNA, "refused", "550 5.1.1 no such user", NOW - DAY)
    add_members(project, ["ben"])
    plan(project)
    unsuppress_member(project, ANNA, " Cora ", "a new\nmailbox", NOW + HOUR)
    assert edition_why(project, now=NOW + 2 * HOUR) == (
        "suppressed",
        "was not mailed from 25 Nov 09:00 on: refused: 550 5.1.1 no such user",
    )
    [told] = explain_member(project, ANNA, NOW + 2 * HOUR).suppressions
    assert told.lifted == Lifting(NOW + HOUR, "Cora", "a new mailbox")
    assert project.members.find(ANNA, NOW).status is MemberStatus.ACTIVE
    project.members.suppress(ANNA, "refused", "550 again", NOW + DAY)
    assert [it.lifted is None for it in project.suppressions.all(ANNA)] == [False, True]


def test_what_mail_that_came_back_had_ended_begins_again(project):
    add_members(project, ["anna"])
    project.subscriptions.end(member_id(project), None, "form", NOW, reason=EndReason.BOUNCED)
    project.members.suppress(ANNA, "bounced", "5.1.1", NOW)
    assert unsuppress_member(project, ANNA, "Cora", "it works", NOW + HOUR)[1] == ["weekly"]
    _, now = project.subscriptions.of(member_id(project))
    assert (now.source, now.started_at, now.ended_at) == ("unsuppressed by Cora", NOW + HOUR, None)
    with pytest.raises(MemberError, match="is not suppressed"):
        unsuppress_member(project, ANNA, "Cora", "it works", NOW + HOUR)


@pytest.mark.parametrize("reason", [EndReason.UNSUBSCRIBED, EndReason.COMPLAINT, EndReason.FORGOTTEN])
@pytest.mark.parametrize("suppressed_for", ["refused", None])
def test_own_word_of_a_member_is_not_lifted(project, reason, suppressed_for):
    add_members(project, ["anna"])
    if suppressed_for:
        project.subscriptions.end(member_id(project), None, "form", NOW, reason=reason)
    project.members.suppress(ANNA, suppressed_for or reason, "", NOW)
    with pytest.raises(MemberError, match="theirs to take back"):
        unsuppress_member(project, ANNA, "Cora", "we miss her", NOW + HOUR)
    assert project.members.is_suppressed(ANNA)


def test_who_left_one_newsletter_only_gets_the_others_again(project):
    add_members(project, ["anna"])
    others = project.subscriptions.of(member_id(project))
    left = replace(others[0], newsletter="other", ended_at=NOW, end_reason=EndReason.UNSUBSCRIBED)
    assert not stays_out([left, *others], Suppression("refused", "", NOW))


def test_word_without_a_reason_does_not_count(project):
    project.members.suppress(ANNA, "refused", "550", NOW)
    with pytest.raises(MemberError, match="a reason"):
        unsuppress_member(project, ANNA, "Cora", " ", NOW)


def test_suppressed_address_is_told_with_the_reason(project):
    add_items(project, {"roof": "governors"})
    add_members(project, ["anna", "ben"])
    project.members.suppress("anna@example.org", "refused", "550 5.1.1 no such user", NOW - DAY)
    plan(project)
    assert edition_why(project) == (
        "suppressed",
        "is never mailed, since 25 Nov 09:00: refused: 550 5.1.1 no such user",
    )


def test_who_is_in_no_audience_of_it_is_told_whom_it_is_for(project):
    add_items(project, {"roof": "governors"})
    add_members(project, {"anna": "", "ben": "governors"})
    plan(project)
    code, words = edition_why(project)
    assert code == "no_audience"
    assert words.endswith("(it is for governors, leaders, career-leads; theirs: none)")


def test_marketing_without_consent_is_told_so(open_project):
    news = {"name": "weekly", "audiences": ["governors"], "purpose": "marketing"}
    project = open_project(newsletters=[news])
    add_items(project, {"roof": "governors"})
    add_members(project, ["anna"])
    draft_edition(project, "weekly", NOW)
    assert edition_why(project) == (
        "no_consent",
        "gave no consent on record (membership), and weekly is marketing",
    )


def test_who_had_everything_before_is_told_where(project):
    items_ = add_items(project, {"roof": "governors"})
    add_members(project, {"anna": "governors"})
    first = plan(project)
    end_delivery(project, "sent")
    add_members(project, {"ben": "governors"})
    plan(project, FRIDAY + WEEK, now=NOW + WEEK)
    assert edition_why(project, edition=str(EditionId("weekly", FRIDAY + WEEK)), now=NOW + WEEK) == (
        "nothing_new",
        f"had all that is for them before: item {items_['roof']} in {first.id}",
    )


def test_who_changed_after_the_draft_is_told_when(project):
    add_items(project, {"roof": "governors", "pay": "leaders"})
    add_members(project, {"anna": "governors", "ben": "leaders"})
    edition = approve(project)
    add_members(project, {"cora": "career-leads"})
    add_items(project, {"fair": "career-leads"}, now=NOW + HOUR)
    add_members(project, {"anna": "career-leads"}, now=NOW + HOUR)
    begin_sending(project, str(edition.id), NOW + DAY)
    code, words = edition_why(project, now=NOW + WEEK)
    assert (code, words) == ("not_for_them", "found nothing in it: no item is for career-leads")


def test_edition_that_is_not_sent_yet_is_told_so(project):
    add_items(project, {"roof": "governors"})
    add_members(project, ["anna"])
    draft_edition(project, "weekly", NOW)
    assert edition_why(project) == (
        "not_sent_yet",
        "would get it: it is a draft, and nothing of it has left yet",
    )
    cancel_edition(project, "weekly", "Cora", "", NOW)
    assert edition_why(project)[0] == "not_sent"


def test_cancelled_delivery_is_told_with_who_and_why(project):
    add_items(project, {"roof": "governors"})
    add_members(project, ["anna"])
    plan(project)
    cancel_edition(project, "weekly", "Cora", "wrong list", NOW)
    code, words = edition_why(project)
    assert code == "cancelled"
    assert words.startswith("got nothing of it: it was cancelled by Cora on ")
    assert words.endswith(": wrong list")


def test_last_editions_come_newest_first(project):
    add_items(project, {"roof": "governors"})
    add_members(project, ["anna"])
    plan(project)
    pause_edition(project, "weekly", "Cora", "", NOW)
    draft_edition(project, "weekly", NOW, day=FRIDAY + WEEK)
    stories = explain_member(project, "anna@example.org", NOW).editions
    assert [(it.edition.id.date, it.trace and it.trace.status) for it in stories] == [
        (FRIDAY + WEEK, None),
        (FRIDAY, "pending"),
    ]


@pytest.mark.parametrize(
    "typed",
    ["ana@example.org", "annna@example.org", "naan@example.org", "anna@exampel.org", "anna@elsewhere.net"],
)
def test_unknown_address_is_answered_with_the_likely_one(project, typed):
    add_members(project, ["anna", "ben"])
    if typed.startswith("naan"):
        add_members(project, ["nana"])
    with pytest.raises(MemberError, match=f"no member has the address {typed}") as unknown:
        explain_member(project, typed, NOW)
    assert unknown.value.hint == f"did you mean {'nana' if typed.startswith('naan') else 'anna'}@example.org?"


def test_unknown_address_that_is_like_no_other_gets_the_list(project):
    add_members(project, ["anna"])
    project.members.suppress("zoe@nowhere.org", "complaint", "", NOW)
    with pytest.raises(MemberError, match=r"never mailed \(complaint\)") as unknown:
        explain_member(project, "zoe@nowhere.org", NOW)
    assert unknown.value.hint == "newsletter member list"


def test_item_that_came_is_told_with_its_edition(project):
    held = add_items(project, {"roof": "governors"})
    add_members(project, ["anna"])
    edition = plan(project)
    end_delivery(project, "sent")
    told = explain_member(project, "anna@example.org", NOW, item=held["roof"]).item
    assert [(it.edition, it.status, it.counts) for it in told.carried] == [(edition.id, "sent", True)]
    assert told.because == ()
    assert [reason.audience for reason in told.reasons] == ["governors"]


def test_item_whose_delivery_was_refused_is_told_in_the_relays_words(project):
    held = add_items(project, {"roof": "governors"})
    add_members(project, ["anna"])
    plan(project)
    end_delivery(project, "refused", ("refused", "not here"))
    for edition in (None, "weekly"):
        [(code, words)] = item_why(project, held["roof"], edition=edition)
        assert (code, words) == ("refused", "was refused on 26 Nov 10:00: 250 not here")


def item_statuses(project, key, **values) -> None:
    with project.database.write() as connection:
        connection.execute(update(items).where(items.c.id == key).values(values))


def test_item_that_is_for_others_is_told_so(project):
    held = add_items(project, {"roof": "governors", "pay": "leaders", "lost": ""})
    add_members(project, ["anna"])
    plan(project)
    assert item_why(project, held["pay"]) == [
        ("not_for_them", "is not whom it is for: leaders (theirs: governors)")
    ]
    assert item_why(project, held["lost"], edition="weekly") == [
        ("unsorted", "waits for the editor: the item is for no audience yet")
    ]


def test_item_that_was_hidden_is_told_so(project):
    held = add_items(project, {"roof": "governors", "shed": "governors"})
    add_members(project, ["anna"])
    project.items.set_status(held["shed"], ItemStatus.HIDDEN)
    plan(project)
    assert item_why(project, held["shed"]) == [("hidden", "will not get it: the item is hidden")]


def test_item_that_was_cut_is_told_so(open_project):
    news = {"name": "weekly", "audiences": ["governors"], "max_items": 1}
    project = open_project(newsletters=[news])
    held = add_items(project, {"roof": "governors", "shed": "governors"})
    add_members(project, ["anna"])
    plan(project)
    assert item_why(project, held["shed"]) == [
        ("cut", f"got 1 others with weekly/{FRIDAY}, and max_items allows no more")
    ]


def test_item_that_was_too_old_is_told_so(project):
    held = add_items(project, {"roof": "governors", "shed": "governors"})
    add_members(project, ["anna"])
    item_statuses(project, held["shed"], date=NOW - 5 * WEEK, published=NOW - 5 * WEEK)
    plan(project)
    [(code, words)] = item_why(project, held["shed"])
    assert (code, words) == (
        "too_old",
        f"got no news as old as this with weekly/{FRIDAY}: it is of 22 Oct 09:00",
    )


def test_item_that_came_after_the_draft_waits_for_the_next_edition(project):
    add_items(project, {"roof": "governors"})
    add_members(project, ["anna"])
    plan(project)
    late = add_items(project, {"shed": "governors"}, now=NOW + HOUR)["shed"]
    assert item_why(project, late, now=NOW + DAY) == [("to_come", "gets it with the next edition of weekly")]
    assert item_why(project, late, edition="weekly") == [
        ("came_later", f"had to wait: it came in on 26 Nov 10:00, after weekly/{FRIDAY} was drafted")
    ]


def test_item_that_came_before_is_not_in_the_next_edition(project):
    held = add_items(project, {"roof": "governors"})
    add_members(project, ["anna"])
    first = plan(project)
    end_delivery(project, "sent")
    add_items(project, {"roof": "governors", "shed": "governors"}, now=NOW + DAY)
    second = plan(project, FRIDAY + WEEK, now=NOW + WEEK)
    assert item_why(project, held["roof"], edition=str(second.id), now=NOW + WEEK) == [
        ("carried", f"had it before, in {first.id}")
    ]
