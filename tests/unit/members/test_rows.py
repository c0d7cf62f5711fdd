"""What a member file says, in whichever encoding and with whichever separator it was saved."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from newsletter.address import Address
from newsletter.errors import MemberRowsError
from newsletter.members.records import MAX_RECORD
from newsletter.members.rows import read_rows
from newsletter.members.types import BadRow, MemberRow

AUDIENCES = {"governors": "Governors", "leaders": "School leaders", "career-leads": "Career leads"}
NEWSLETTERS = {"weekly": "The weekly digest", "careers": "Careers"}


def read(data: bytes | str) -> list[MemberRow | BadRow]:
    raw = data.encode() if isinstance(data, str) else data
    return list(read_rows(io.BytesIO(raw), "members.csv", AUDIENCES, NEWSLETTERS))


def problems(data: bytes | str) -> list[tuple[int, str]]:
    return [(row.line, row.problem) for row in read(data) if isinstance(row, BadRow)]


def lines(data: bytes | str) -> list[int]:
    return [row.line for row in read(data) if isinstance(row, MemberRow)]


def row(line: int, email: str, first_name: str = "", last_name: str = "", **others) -> MemberRow:
    others = {name: frozenset(it) if isinstance(it, set) else it for name, it in others.items()}
    return MemberRow(line, Address(email, email.lower()), first_name, last_name, **others)


ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252", "latin-1"]


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_rows_are_read_in_any_encoding_with_any_separator(encoding, separator):
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=separator)
    writer.writerow(["Last Name", "EMAIL", "audiences", "First Name", "School"])
    writer.writerow(["Müller", "zoe@example.org", "governors;career-leads", "Zoë", "Heath, Upper; East"])
    writer.writerow(["O'Neill", "Sean@Example.org", "", "Seán", "Line 1\nLine 2"])
    assert read(text.getvalue().encode(encoding)) == [
        row(
            2,
            "zoe@example.org",
            "Zoë",
            "Müller",
            audiences={"governors", "career-leads"},
            attributes={"school": "Heath, Upper; East"},
        ),
        row(
            3, "Sean@example.org", "Seán", "O'Neill", audiences=set(), attributes={"school": "Line 1, Line 2"}
        ),
    ]


@pytest.mark.parametrize("encoding", ["mac_roman", "cp437", "cp850", "iso8859-15", "cp1250"])
@pytest.mark.parametrize("name", ["André", "Müller", "Šimek", "Łukasz"])
def test_name_in_a_rare_encoding_is_read_right_or_refused(encoding, name):
    raw = f"email,first_name\nanna@example.org,{name}\n".encode(encoding, "ignore")
    kept = raw.decode(encoding).split(",")[-1].strip()
    for found in read(raw):
        assert isinstance(found, BadRow) or found.first_name == kept


@pytest.mark.parametrize(
    "heading",
    ["email", "Email", "E-MAIL", " e mail ", "Email address", "email_address", '"e-\nmail"'],
)
def test_email_column_is_known_by_its_usual_headings(heading):
    assert [it.address.text for it in read(f"{heading}\nanna@example.org\n")] == ["anna@example.org"]


@pytest.mark.parametrize("heading", ["first_name", "First Name", "FIRST-NAME", "firstname", "First  name"])
def test_name_column_is_known_by_its_usual_headings(heading):
    assert read(f"email;{heading}\nanna@example.org; Anna \n") == [row(2, "anna@example.org", "Anna")]


def test_other_columns_become_attributes_without_empty_cells():
    assert read("Email,Job-Title,School name\na@example.org,Head,\nb@example.org, ,Heath\n") == [
        row(2, "a@example.org", attributes={"job_title": "Head"}),
        row(3, "b@example.org", attributes={"school_name": "Heath"}),
    ]


@pytest.mark.parametrize(
    ("cell", "slugs"),
    [
        ("governors", {"governors"}),
        ("Governors; LEADERS", {"governors", "leaders"}),
        ("Career leads;school  leaders", {"career-leads", "leaders"}),
        ("career_leads;;", {"career-leads"}),
        ("", set()),
    ],
)
def test_audiences_are_known_by_slug_and_title(cell, slugs):
    assert read(f"email,audiences\nanna@example.org,{cell}\n") == [
        row(2, "anna@example.org", audiences=slugs)
    ]


def test_newsletters_are_known_by_name_and_title():
    assert read("email,newsletters\nanna@example.org,weekly;careers\nb@example.org,The weekly digest\n") == [
        row(2, "anna@example.org", newsletters={"weekly", "careers"}),
        row(3, "b@example.org", newsletters={"weekly"}),
    ]


@pytest.mark.parametrize("status", ["active", "suppressed", ""])
def test_status_column_of_our_export_is_not_kept(status):
    assert read(f"email,status\nanna@example.org,{status}\n") == [row(2, "anna@example.org")]


def test_status_column_of_somebody_else_is_an_attribute():
    found = read("email,status\nanna@example.org,retired\n")
    assert found == [row(2, "anna@example.org", attributes={"status": "retired"})]


def test_missing_cells_at_the_end_and_empty_rows_are_fine():
    text = "\nemail,first_name,school\n\na@example.org\n,,\n  \nb@example.org,Bea,Heath,,\n"
    assert read(text) == [
        row(4, "a@example.org"),
        row(7, "b@example.org", "Bea", attributes={"school": "Heath"}),
    ]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_are_counted_in_the_file_where_rows_begin(end):
    text = end.join(["email,note", 'a@example.org,"one', 'two"', "b@example.org,", "no", ""])
    assert lines(text) == [2, 4]
    assert problems(text) == [(5, "no @ in 'no'")]


UNKNOWN = "audience 'pupils' is not known; known are: 'governors', 'leaders', 'career-leads'"
CONTROL = "a line break or control character in "
NOT_UTF8 = "holds characters that cannot be read as UTF-8; save the file as CSV UTF-8"
SURPLUS = (
    "'surplus' in column 6 stands under no heading; a cell that holds a separator needs quotes around it"
)
QUOTE = "a quote stands where none can stand; a quote within a quoted cell is written twice"
UNREADABLE = "the names of the columns are too long, or hold characters that cannot be read"
TOO_LONG = f"longer than {MAX_RECORD} characters; is a quote opened and never closed?"


@pytest.mark.parametrize(
    ("cells", "problem"),
    [
        ("anna.example.org", "no @ in 'anna.example.org'"),
        (",Anna", "the address is empty"),
        ("anna@example.org,,,goveners", "audience 'goveners' is not known; did you mean 'governors'?"),
        ("anna@example.org,,,pupils", UNKNOWN),
        ("anna@example.org,,,,wekly", "newsletter 'wekly' is not known; did you mean 'weekly'?"),
        (
            '"anna@example.org\r\nBcc: eve@example.org"',
            CONTROL + r"'anna@example.org\r\nBcc: eve@example.org'",
        ),
        ('anna@example.org,"Anna\r\nBcc: eve@example.org"', CONTROL + r"'Anna\r\nBcc: eve@example.org'"),
        ("anna@example.org,An\x1bna", CONTROL + r"'An\x1bna'"),
        ("anna@example.org,,O\u2028Neill", CONTROL + r"'O\u2028Neill'"),
        ("anna@example.org,Anna\0", "holds a NUL character"),
        ("anna@example.org,Ann\ufffd", NOT_UTF8),
        (f"anna@example.org,{'A' * 201}", f"a name of more than 200 characters: {'A' * 40!r}"),
        ("anna@example.org,,,,,surplus", SURPLUS),
        ('anna@example.org,"An"na', QUOTE),
        ('anna@example.org,"Anna', "a quote is opened and never closed"),
        (f"anna@example.org,{'x' * MAX_RECORD}", TOO_LONG),
    ],
)
def test_bad_row_says_why_and_costs_no_other(cells, problem):
    text = f"email,first_name,last_name,audiences,newsletters\na@example.org\n{cells}\nz@example.org\n"
    assert problems(text) == [(3, problem)]
    assert [it.address.text for it in read(text) if isinstance(it, MemberRow)] == [
        "a@example.org",
        "z@example.org",
    ]


def test_stray_quote_does_not_swallow_the_rows_below():
    rows = "".join(f"member{n}@example.org,Anna\n" for n in range(3, 5000))
    text = f'email,first_name\nstray@example.org,"Anna\n{rows}last@example.org,"Bea"\n'
    assert [line for line, _ in problems(text)] == [2]
    assert lines(text) == [*range(3, 5001)]


def test_lines_of_another_encoding_than_the_rest_are_bad_rows():
    mostly_utf8 = "email,first_name\na@example.org,Zoë\nb@example.org,Renée\n".encode()
    assert problems(mostly_utf8 + "c@example.org,Zoë\n".encode("cp1252")) == [(4, NOT_UTF8)]
    mostly_cp1252 = "email,first_name\na@example.org,Zoë\nb@example.org,Renée\n".encode("cp1252")
    assert problems(mostly_cp1252 + "c@example.org,Zoë\n".encode()) == [
        (4, "is in another encoding than the rest of the file, or than cp1252; save the file as CSV UTF-8")
    ]


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "the file is empty"),
        (b"\xef\xbb\xbf\n \n", "the file is empty"),
        (b"name;school\nAnna;Heath\n", "no column is called email; the columns are 'name', 'school'"),
        (b"anna@example.org,Anna\n", "no column is called email; the columns are 'anna@example.org', 'Anna'"),
        (b"email,E-Mail\na@example.org,\n", "two columns are called 'email'"),
        (b"email,School,school\na@example.org,,\n", "two columns are called 'school'"),
        (b"email,sch\xc3ool\n\xc3\xab\n\xc3\xab", UNREADABLE),
        (b"email,sch\0ool\n", UNREADABLE),
        (b"email," + 201 * b"x" + b"\n", UNREADABLE),
        (b'email,"school\n', "a quote is opened and never closed"),
        (b"PK\x03\x04...", "this is a workbook, not a CSV file"),
        (b"\xd0\xcf\x11\xe0...", "this is a workbook, not a CSV file"),
    ],
)
def test_file_without_a_usable_row_is_an_error_that_says_why(data, problem):
    with pytest.raises(MemberRowsError) as caught:
        read(data)
    assert [it for _, it in caught.value.problems] == [problem]
    assert str(caught.value).startswith("members.csv:")
    assert caught.value.hint


PIECES = st.sampled_from(
    [
        "email",
        ",",
        ";",
        "\t",
        '"',
        "\n",
        "\r\n",
        "\r",
        "a@example.org",
        "'",
        "=",
        "\0",
        "ë",
        "governors",
        "\ufeff",
    ]
)


@given(st.binary() | st.lists(PIECES).map(lambda pieces: f"email,{''.join(pieces)}".encode()))
@example(b"email\n\xff\xfe")
@example(b"\xff\xfee\0m")
@example(b"\xff\xfe\x00\x00\xff\xff\xff\xff")
def test_any_bytes_give_rows_or_bad_rows_or_our_error(data):
    try:
        found = read(data)
    except MemberRowsError:
        return
    assert all(
        (isinstance(it, BadRow) and it.problem) or (isinstance(it, MemberRow) and it.address) for it in found
    )
    numbers = [it.line for it in found]
    assert numbers == sorted(numbers)
