"""A member file that we write opens safely in a spreadsheet and comes back as it was."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.members.columns import column_name
from newsletter.members.export import write_rows
from newsletter.members.rows import read_rows
from newsletter.members.types import Frequency, Member, MemberRow, MemberStatus

AUDIENCES = {"governors": "Governors", "leaders": "School leaders"}
NEWSLETTERS = {"weekly": "Weekly", "careers": "Careers"}


def member(email="anna@example.org", first_name="", last_name="", **others) -> Member:
    fields = {"audiences": frozenset(), "status": MemberStatus.ACTIVE} | others
    return Member(1, email, first_name, last_name, **fields)


def cells(members, fields=()) -> list[list[str]]:
    return list(csv.reader(io.StringIO("".join(write_rows(members, fields)), newline="")))


def read_back(members, fields) -> list[MemberRow]:
    file = io.BytesIO("".join(write_rows(members, fields)).encode())
    return list(read_rows(file, "members.csv", AUDIENCES, NEWSLETTERS))


def test_export_has_own_columns_then_attributes():
    anna = member(
        first_name="Anna", last_name="Bell", audiences=frozenset({"leaders", "governors"}),
        newsletters=frozenset({"weekly"}), frequency=Frequency.MONTHLY,
        status=MemberStatus.PAUSED, attributes={"school": "Heath"},
    )  # fmt: skip
    assert cells([anna, member("bea@example.org")], ["school"]) == [
        ["email", "first_name", "last_name", "audiences", "newsletters", "frequency", "status", "school"],
        ["anna@example.org", "Anna", "Bell", "governors;leaders", "weekly", "monthly", "paused", "Heath"],
        ["bea@example.org", "", "", "", "", "", "active", ""],
    ]


def test_forgotten_members_have_no_row():
    assert len(cells([member("", status=MemberStatus.FORGOTTEN)])) == 1


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "'=", "''@"])
def test_cell_that_would_be_a_formula_is_shielded(start):
    formula = f"{start}HYPERLINK(1)"
    assert cells([member(attributes={"note": formula})], ["note"])[1][-1] == f"'{formula}"


def test_attribute_called_status_stands_in_the_place_of_ours():
    anna = member(attributes={"status": "retired"})
    assert cells([anna], ["status"])[1][-1] == "retired"
    assert read_back([anna], ["status"])[0].attributes == {"status": "retired"}


def texts(forbidden=("Cs", "Cc", "Zl", "Zp")) -> st.SearchStrategy[str]:
    alphabet = st.characters(codec="utf-8", exclude_categories=forbidden, exclude_characters="\0\ufffd")
    return st.text(alphabet | st.sampled_from("'=+-@;,\""), max_size=40).map(str.strip)


FIELDS = st.lists(
    texts().map(column_name).filter(lambda name: name and column_name(name) == name),
    unique=True, max_size=3,
).map(lambda names: [it for it in names if not hasattr(MemberRow, it) and it != "status"])  # fmt: skip


@given(st.data())
def test_import_of_our_export_changes_nothing(data):
    fields = data.draw(FIELDS)
    note = texts(("Cs",)).filter(lambda text: text and not {*"\r\n"} & {*text})
    anna = member(
        data.draw(
            st.sampled_from(["anna@example.org", "=a@example.org", "'+b@example.org", "o'neill@example.org"])
        ),
        data.draw(texts()),
        data.draw(texts()),
        audiences=frozenset(data.draw(st.sets(st.sampled_from(list(AUDIENCES))))),
        newsletters=frozenset(data.draw(st.sets(st.sampled_from(list(NEWSLETTERS))))),
        frequency=data.draw(st.none() | st.sampled_from(Frequency)),
        status=data.draw(st.sampled_from(MemberStatus)),
        attributes={field: data.draw(note) for field in fields},
    )
    [row] = read_back([anna], fields)
    assert (row.address.text, row.first_name, row.last_name) == (anna.email, anna.first_name, anna.last_name)
    assert (row.audiences, row.newsletters) == (anna.audiences, anna.newsletters)
    assert (row.attributes, row.frequency) == (anna.attributes, anna.frequency)
