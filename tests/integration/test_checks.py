"""Checks of an edition: errors stop it, warnings are accepted, and members and links are looked at."""

from __future__ import annotations

from datetime import timedelta

import pytest
from builders import FRIDAY, NOW, add_items, add_members, approve, dispatch, plan
from fixtures.site import answer
from projects import AUDIENCES, PLAIN_TEMPLATES
from relays import ScriptedRelay

from newsletter.editions.types import EditionStatus
from newsletter.errors import UnfitEdition
from newsletter.workflows.approve import approve_edition
from newsletter.workflows.draft import draft_edition
from newsletter.workflows.find import find_edition
from newsletter.workflows.inspect import inspect_edition

WEEKLY = {"name": "weekly", "audiences": [*AUDIENCES]}


def change_template(project, name, old, new):
    path = project.config.folder / "templates" / name
    path.write_text(PLAIN_TEMPLATES[name].replace(old, new), "utf-8")


def found(findings, rule):
    return [finding for finding in findings if finding.rule == rule]


@pytest.fixture
def filled(project):
    add_items(project, {"roof": "governors"})
    add_members(project, ["anna"])
    return project


def test_error_keeps_the_draft_and_refuses_its_approval(filled):
    change_template(filled, "digest.html", "{{ unsubscribe_url }}", "https://www.example.org")
    made = draft_edition(filled, "weekly", NOW)
    [error] = found(made.findings, "unsubscribe")
    assert (error.level, error.variants) == ("error", ("governors",))
    with pytest.raises(
        UnfitEdition, match=r"unsubscribe \(governors\): the HTML part has no link"
    ) as refused:
        approve_edition(filled, "weekly", "Cora", NOW, accept=["unsubscribe"])
    assert refused.value.hint == f"mend that, and then: newsletter edition draft weekly --date {FRIDAY}"
    assert find_edition(filled, "weekly").status is EditionStatus.DRAFT


def test_warning_is_accepted_by_name_and_kept_with_the_approval(filled):
    made = draft_edition(filled, "weekly", NOW)
    assert found(made.findings, "footer-links")[0].level == "warning"
    with pytest.raises(UnfitEdition, match="has no warning called footer"):
        approve_edition(filled, "weekly", "Cora", NOW, accept=["footer"])
    edition = approve_edition(filled, "weekly", "Cora", NOW, accept=["footer-links", "footer-links"])
    assert (edition.approved_by, edition.approved_at) == ("Cora", NOW)
    assert filled.editions.accepted(edition) == {"footer-links"}
    again = draft_edition(filled, "weekly", NOW, reopen=True).edition
    assert filled.editions.accepted(again) == frozenset()


def test_warning_holds_the_approval_where_the_newsletter_says_so(open_project):
    project = open_project(newsletters=[{**WEEKLY, "on_warning": "hold"}])
    add_items(project, {"roof": "governors"})
    add_members(project, ["anna"])
    rules = {it.rule for it in draft_edition(project, "weekly", NOW).findings}
    with pytest.raises(UnfitEdition, match="warnings that nobody accepted") as refused:
        approve_edition(project, "weekly", "Cora", NOW)
    assert all(f"--accept {rule}" in refused.value.hint for rule in rules)
    assert approve_edition(project, "weekly", "Cora", NOW, accept=rules).approved_by == "Cora"


def test_subject_of_last_week_and_unusual_numbers_are_told(filled):
    with ScriptedRelay() as relay:
        dispatch(filled, plan(filled), relay)
    add_items(filled, {"roof ": "governors"}, now=NOW + timedelta(days=7))
    add_members(filled, [f"m{number}" for number in range(21)])
    made = draft_edition(filled, "weekly", NOW, day=FRIDAY + timedelta(days=7))
    [repeated] = found(made.findings, "subject-repeated")
    assert f"was the subject of weekly/{FRIDAY} too" in repeated.message
    [unusual] = found(made.findings, "recipients-unusual")
    assert (
        "would go to 22 members; the last ones went to 1; sending will ask for --confirm" in unusual.message
    )
    assert unusual.variants == ()


def test_members_without_a_value_are_counted(filled):
    add_members(filled, ["ben"])
    change_template(filled, "digest.txt", "member.first_name", "member.last_name")
    made = draft_edition(filled, "weekly", NOW)
    [lacking] = found(made.findings, "merge-value-missing")
    assert "2 of 2 recipients" in lacking.message
    assert 'member.last_name | fallback("…")' in lacking.cure


def test_links_are_asked_once_and_what_is_gone_stops_the_edition(open_project, site):
    project = open_project(
        newsletters=[{**WEEKLY, "check_links": True}],
        fetch={"allow": ["127.0.0.1"]},
        organisation={"name": "Heath", "address": "2 Mill Lane, Lewes BN7 2AA", "url": site.url("/gone")},
    )
    site.answers |= {"/here": answer(), "/ill": answer(500)}
    links = "".join(f'<a href="{site.url(path)}">{path} news</a>' for path in ("/here", "/gone", "/ill"))
    change_template(project, "digest.html", "<p>{{ address }}</p>", f"<p>{{{{ address }}}}</p>{links}")
    add_items(project, {"roof": "governors"})
    add_members(project, ["anna"])
    made = draft_edition(project, "weekly", NOW)
    [dead], [silent] = found(made.findings, "link-dead"), found(made.findings, "link-silent")
    assert (dead.level, silent.level) == ("error", "warning")
    assert f"nothing is there any more at {site.url('/gone')}" in dead.message
    assert "the server answered 500" in silent.message
    asked = sorted(site.paths)
    assert found(inspect_edition(project, made.edition, NOW), "link-dead") == [dead]
    draft_edition(project, "weekly", NOW)
    assert sorted(site.paths) == asked == ["/gone", "/here", "/ill"]
    draft_edition(project, "weekly", NOW + timedelta(hours=2))
    assert site.paths.count("/gone") == 2


def test_sixty_items_are_refused_with_the_number_that_fits(open_project):
    project = open_project(newsletters=[{**WEEKLY, "max_items": 60}])
    for path in (project.config.folder / "templates").iterdir():
        path.unlink()  # so that the shipped ones count
    add_items(project, {f"n{number:02} {'long ' * 20}": "governors" for number in range(60)})
    add_members(project, ["anna"])
    made = draft_edition(project, "weekly", NOW)
    [size] = [it for it in found(made.findings, "size") if it.level == "error"]
    fit = int(size.message.rpartition("the first ")[2].split()[0])
    assert f"the first {fit} of its 60 items would fit" in size.message
    assert f"max_items = {fit}" in size.cure
    with pytest.raises(UnfitEdition, match="items would fit"):
        approve_edition(project, "weekly", "Cora", NOW)


def test_edition_in_order_is_approved(filled):
    assert approve(filled).approved_by == "Cora"
