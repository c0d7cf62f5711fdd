"""What an editor writes for an edition: kept with who and when, in the mail, and bound by approval."""

from __future__ import annotations

from datetime import timedelta

import pytest
from builders import NOW, add_items, add_members
from projects import load, small_settings

from newsletter.editions.types import EditionPart, EditionStatus, EditionWord
from newsletter.errors import EditionError, NotApproved
from newsletter.render.merge import fill
from newsletter.workflows.approve import approve_edition
from newsletter.workflows.draft import draft_edition
from newsletter.workflows.project import Project
from newsletter.workflows.write import write_word


@pytest.fixture
def project(tmp_path, database_url):
    settings = {"database": {"url": database_url}}
    with Project(load(tmp_path, small_settings(**settings))) as opened:
        add_items(opened, {"roof": "governors", "pay": "leaders"})
        add_members(opened, {"anna": "governors", "ben": "leaders"})
        draft_edition(opened, "weekly", NOW)
        yield opened


def word(text, part="introduction", audience="", minutes=1):
    return EditionWord(EditionPart(part), audience, text, "Anna", NOW + timedelta(minutes=minutes))


def parts_of(project, edition):
    """Both parts of each variant, by its audience."""
    found = {}
    for variant in project.editions.variants(edition):
        rendered = project.editions.rendered(variant.key)
        [slug] = variant.audiences
        found[slug] = [fill(rendered.html, {}, str), fill(rendered.text, {}, str)]
    return found


def test_words_stand_in_both_parts_of_the_variants_they_are_for(project):
    before = project.editions.newest("weekly")
    write_word(project, "weekly", word("Good **morning**"))
    write_word(project, "weekly", word("Chairs meet on Monday", audience="governors"))
    edition = write_word(project, "weekly", word("Until Friday", "closing")).edition
    parts = parts_of(project, edition)
    for html, text in parts.values():
        assert "Good <strong>morning</strong>" in html
        assert "Good morning" in text
        assert "Until Friday" in html
        assert "Until Friday" in text
    assert ["Chairs meet" in part for part in parts["governors"] + parts["leaders"]] == [
        True,
        True,
        False,
        False,
    ]
    assert edition.hash != before.hash


def test_subject_takes_the_place_of_the_headline_until_it_is_taken_back(project):
    edition = write_word(project, "weekly", word("Roofs, at last", "subject", "governors")).edition
    assert {v.subject for v in project.editions.variants(edition)} == {"Roofs, at last", "News of pay"}
    edition = write_word(project, "weekly", word("", "subject", "governors")).edition
    assert {v.subject for v in project.editions.variants(edition)} == {"News of roof", "News of pay"}
    assert project.edition_words.standing(edition) == []


def test_newest_word_holds_and_says_whose_it_is(project):
    write_word(project, "weekly", word("One"))
    edition = write_word(project, "weekly", word("Two")).edition
    assert project.edition_words.standing(edition) == [word("Two")]


def test_approved_edition_takes_no_words_until_it_is_reopened(project):
    approve_edition(project, "weekly", "Cora", NOW)
    with pytest.raises(EditionError, match="is approved and stays as it is"):
        write_word(project, "weekly", word("Too late"))
    draft_edition(project, "weekly", NOW, reopen=True)
    assert write_word(project, "weekly", word("In time")).edition.status is EditionStatus.DRAFT


def test_word_that_came_after_the_draft_keeps_it_from_being_approved(project):
    edition = project.editions.newest("weekly")
    project.edition_words.say(edition, word("Between two drafts"))
    with pytest.raises(NotApproved, match="Anna changed the introduction since it was drafted"):
        approve_edition(project, "weekly", "Cora", NOW)
