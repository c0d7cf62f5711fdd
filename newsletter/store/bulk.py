"""Statements over thousands of keys or rows at once, in both databases' dialects.

What a statement works on travels as one parameter, as JSON: SQLAlchemy looks at every parameter by itself,
which for rows by the hundred thousand costs more than the database does.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from typing import cast as cast_type

from sqlalchemy import (
    JSON,
    Column,
    ColumnElement,
    Connection,
    Dialect,
    Engine,
    Select,
    Subquery,
    Table,
    Text,
    any_,
    bindparam,
    cast,
    column,
    func,
    literal,
    select,
    true,
)
from sqlalchemy.dialects import sqlite
from sqlalchemy.sql.base import NO_ARG
from sqlalchemy.types import TypeEngine

if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql


def among(connection: Connection, key: Column[Any], keys: Collection[object]) -> ColumnElement[bool]:
    """Return the condition that a column of texts or numbers has one of these values."""
    return among_given(connection.dialect, key, None, as_keys(connection.dialect, keys))


def among_given(
    dialect: Dialect, key: Column[Any], name: str | None, keys: object = NO_ARG
) -> ColumnElement[bool]:
    """Return the same condition for a statement that is kept: `as_keys` are its parameter of this name."""
    if dialect.name == "sqlite":
        rows = func.json_each(bindparam(name, keys, type_=Text, unique=name is None)).table_valued("value")
        return key.in_(select(rows.c.value))
    from sqlalchemy.dialects import postgresql  # noqa: PLC0415 - takes 30 ms, and most have SQLite

    return key == any_(bindparam(name, keys, type_=postgresql.ARRAY(key.type), unique=name is None))


def as_keys(dialect: Dialect, keys: Collection[object]) -> object:
    """Return keys as a parameter takes them."""
    return json.dumps(list(keys)) if dialect.name == "sqlite" else list(keys)


def given(
    connection: Connection, columns: Sequence[Column[Any]], rows: Sequence[Sequence[object]]
) -> Subquery:
    """Return rows of ours as a table with the names and types of these columns, in the order given.

    A cell is a text, a number or, for a column of JSON, any value; a text without NUL, which neither keeps.
    """
    cells = [(at, it.name, it.type) for at, it in enumerate(columns)]
    table = literal(json.dumps(rows))
    if connection.dialect.name == "sqlite":
        each = func.json_each(table).table_valued("value")
        extracted = [func.json_extract(each.c.value, f"$[{at}]").label(name) for at, name, _ in cells]
        # Without WHERE, SQLite takes ON CONFLICT for the ON of a join (sqlite.org/lang_upsert.html).
        return select(*extracted).where(true()).subquery()
    from sqlalchemy.dialects import postgresql  # noqa: PLC0415 - as above

    value = column("value", postgresql.JSONB)
    each_row = func.jsonb_array_elements(cast(table, postgresql.JSONB)).table_valued(value)
    return select(*(_cell(each_row.c.value, at, kind).label(name) for at, name, kind in cells)).subquery()


def _cell(row: ColumnElement[Any], at: int, kind: TypeEngine[Any]) -> ColumnElement[Any]:
    if isinstance(kind, JSON):
        return cast(row[at], kind)
    return cast(row[at].astext, kind)


def in_one_step(dialect: Dialect, query: Select[Any]) -> Select[Any]:
    """Return a query as `fetch` takes it.

    SQLite's driver lets other threads run at every row, and getting the interpreter back from a busy one
    costs more than the row does; so all rows come as one.
    """
    if dialect.name != "sqlite":
        return query
    rows = query.subquery()
    cells = [func.json(it) if isinstance(it.type, JSON) else it for it in rows.c]
    return select(func.json_group_array(func.json_array(*cells)))


def fetch(
    connection: Connection, query: Select[Any], parameters: Mapping[str, object]
) -> Iterable[Sequence[Any]]:
    """Return the rows of a query; times may be texts as the database keeps them, see `moment`."""
    if connection.dialect.name != "sqlite":
        return connection.execute(query, parameters)
    found = connection.scalar(query, parameters)
    return cast_type("list[list[Any]]", json.loads(found or "[]"))


def moment(kept: datetime | str | None) -> datetime | None:
    """Return a time from `fetch`."""
    return datetime.fromisoformat(kept).replace(tzinfo=UTC) if isinstance(kept, str) else kept


def insert_missing(connection: Connection | Engine, table: Table) -> sqlite.Insert | postgresql.Insert:
    """Return an INSERT that passes over rows that are there; another program may have been quicker."""
    if connection.dialect.name == "sqlite":
        return sqlite.insert(table).on_conflict_do_nothing()
    from sqlalchemy.dialects import postgresql  # noqa: PLC0415 - as above

    return postgresql.insert(table).on_conflict_do_nothing()
