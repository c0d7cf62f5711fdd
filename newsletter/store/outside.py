"""Another organisation's database, the membership system's: one query, read-only."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Engine, create_engine, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError

from newsletter.errors import MemberError

_PAGE = 1_000
_SHAPE = (
    "write it as postgresql+psycopg://USER@HOST/NAME, mysql+pymysql://…, mssql+pyodbc://… or sqlite:///FILE"
)


@contextmanager
def query_outside(
    url: str, password: str | None, query: str
) -> Iterator[tuple[list[str], Iterator[Sequence[Any]]]]:
    """Run a query; yield the names of its columns, and its rows as they come.

    url: of SQLAlchemy, without a password, which would be seen by everybody who lists processes. Nothing can
    be changed there: the transaction is read-only where the database knows such, and never committed.
    Raises MemberError where the database cannot be asked or does not like the query.
    """
    engine = _engine(url, password)
    try:
        options = {"postgresql_readonly": True} if engine.dialect.name == "postgresql" else {}
        with engine.connect().execution_options(**options) as connection:
            if engine.dialect.name in ("mysql", "mariadb"):
                connection.exec_driver_sql("SET SESSION TRANSACTION READ ONLY")
            reading = connection.execution_options(yield_per=_PAGE, no_parameters=True)
            found = reading.exec_driver_sql(query)
            if not found.returns_rows:
                raise MemberError("the query gives no rows", hint="it has to be a SELECT")
            yield list(found.keys()), iter(found)
    except DBAPIError as fault:
        said = str(fault.orig).strip().splitlines()[0]
        raise MemberError(f"the database {url} said: {said}", hint="mend the query, or the URL") from None
    finally:
        engine.dispose()


def _engine(url: str, password: str | None) -> Engine:
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):  # their texts may hold the password
        raise MemberError("the URL of the database cannot be read", hint=_SHAPE) from None
    if parsed.password:
        raise MemberError(
            "the URL of the database holds a password, which everybody on this machine could read",
            hint="take it out, and name it with --password-env NAME or --password-file PATH",
        )
    if parsed.get_backend_name() == "sqlite":
        return _sqlite(parsed)
    if parsed.drivername in ("postgresql", "postgres"):
        parsed = parsed.set(drivername="postgresql+psycopg")
    try:
        return create_engine(parsed.set(password=password) if password else parsed)
    except NoSuchModuleError:
        raise MemberError(f"{parsed.drivername!r} is no database that we know", hint=_SHAPE) from None
    except ModuleNotFoundError as fault:
        raise MemberError(
            f"the driver of {parsed.drivername} is not installed", hint=f"pip install {fault.name}"
        ) from None


def _sqlite(url: URL) -> Engine:
    path = Path(url.database or "")
    if not path.is_file():
        raise MemberError(f"there is no database file {path}", hint=_SHAPE)
    address = f"{path.resolve().as_uri()}?mode=ro"
    return create_engine("sqlite://", creator=lambda: sqlite3.connect(address, uri=True))
