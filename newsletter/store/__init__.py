"""The store: everything the program must not forget, in SQLite or PostgreSQL.

One schema (`schema`, with `sending_tables`), one way of opening it (`database`), and a module for each noun.
Nothing outside this room sees a session, a statement or a row: methods take and return the values of
`<room>/types.py`.

- SQLAlchemy Core writes the statements, so that one text serves both databases; the ORM stays out, since
  rows here are counted in millions. Alembic keeps the schema's versions and brings an old file up to date
  on first use.
- SQLite runs in WAL mode with synchronous=FULL: NORMAL may roll a commit back when the power goes, and a
  rolled-back `sending` would be a mail sent twice.
- SQLite on a network file system is refused: its log is shared memory, so all processes must be on one
  machine. Before an edition goes out, its disk must have twice the room that the run takes (`disk`).
- A set of audiences is stored by its canonical name ("governors+leaders"): variants are made for sets, so
  grouping members by set is an index scan instead of a join over memberships.
- A subscription is never overwritten: what changes ends the row and begins another. Totals and states of
  members are queries over rows, never counters kept in step.
- `quiet` keeps a note beside the settings, for `run` alone: with nothing due, SQLAlchemy and pydantic would
  be most of what it costs. It is the one file that may be deleted at any time.
- Whoever is forgotten is emptied in every table (`erasure`), and a keyed hash of the address stays
  (`tombstones`). With `secure_delete` 7 rows in 2,000 had left traces (SQLite 3.40), so the file is written
  anew and its log cut off (`Database.scrub`).
- A whole list of members is compared in temporary tables (`member_list`); another organisation's database is
  asked through SQLAlchemy too (`outside`), whatever kind it is, and only read.
- Pages are read by key (`WHERE id > :last ORDER BY id`), never by OFFSET.
"""
