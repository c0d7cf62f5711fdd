"""The schema's versions. Each file in `versions` is one step; a step once released never changes.

Alembic takes 0.2 s to import, and cron starts us every minute: when the database already is at `HEAD`,
which a test holds equal to the newest step, it is not asked.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text

from newsletter.errors import StoreError

HEAD = "0012"

#: Any number will do for PostgreSQL's advisory lock, so long as it is always the same.
_LOCK = 7_041_995


def bring_up_to_date(engine: Engine) -> None:
    """Make the schema, or bring it from an older version to `HEAD`, in one transaction.

    Processes that start together take turns. Raises StoreError for a database of a newer program.
    """
    with engine.execution_options(read_only=True).connect() as connection:
        if _version(connection) == HEAD:
            return
    with engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        if _version(connection) != HEAD:
            _upgrade(connection)


def _version(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def _upgrade(connection: Connection) -> None:
    from alembic import command  # noqa: PLC0415 - see the module's docstring
    from alembic.config import Config  # noqa: PLC0415
    from alembic.script import ScriptDirectory  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.attributes["connection"] = connection
    known = {step.revision for step in ScriptDirectory.from_config(config).walk_revisions()}
    found = _version(connection)
    if found is not None and found not in known:
        raise StoreError(
            f"the database has schema {found}, and this program knows up to {HEAD}",
            hint="it was made by a newer version of newsletter: install that version, or a later one",
        )
    command.upgrade(config, "head")
