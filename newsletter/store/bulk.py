"""Statements over thousands of keys or rows at once, in both databases' dialects.

What a statement works on travels as one parameter, as JSON: SQLAlchemy looks at every parameter by itself,
which for rows by the hundred thousand costs more than the database does.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import (
    JSON,
    Column,
    ColumnElement,
    Connection,
    Subquery,
    Table,
    any_,
    cast,
    column,
    func,
    literal,
    select,
    true,
)
from sqlalchemy.dialects import postgresql, sqlite


def among(connection: Connection, key: Column[Any], keys: Collection[object]) -> ColumnElement[bool]:
    """Return the condition that a column of texts or numbers has one of these values."""
    if connection.dialect.name == "sqlite":
        return key.in_(select(func.json_each(json.dumps(list(keys))).table_valued("value").c.value))
    return key == any_(literal(list(keys), postgresql.ARRAY(key.type)))


def given(
    connection: Connection, columns: Sequence[Column[Any]], rows: Sequence[Sequence[object]]
) -> Subquery:
    """Return rows of ours as a table with the names and types of these columns, in the order given.

    A cell is a text, a number or, for a column of JSON, any value; a text without NUL, which neither keeps.
    """
    names = [it.name for it in columns]
    if connection.dialect.name == "sqlite":
        each = func.json_each(json.dumps(rows)).table_valued("value")
        cells = [func.json_extract(each.c.value, f"$[{at}]").label(it) for at, it in enumerate(names)]
        # Without WHERE, SQLite takes ON CONFLICT for the ON of a join (sqlite.org/lang_upsert.html).
        return select(*cells).where(true()).subquery()
    objects = json.dumps([dict(zip(names, row, strict=True)) for row in rows])
    record = func.json_to_recordset(cast(literal(objects), JSON)).table_valued(
        *(column(it.name, it.type) for it in columns)
    )
    return select(record.render_derived(with_types=True)).subquery()


def insert_missing(connection: Connection, table: Table) -> sqlite.Insert | postgresql.Insert:
    """Return an INSERT that passes over rows that are there; another program may have been quicker."""
    if connection.dialect.name == "sqlite":
        return sqlite.insert(table).on_conflict_do_nothing()
    return postgresql.insert(table).on_conflict_do_nothing()
