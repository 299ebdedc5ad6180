"""The tables of the SQLite file, and how each older file is brought up to date."""

from __future__ import annotations

import sqlite3


def m001_first(connection: sqlite3.Connection) -> None:
    """Turns, takes, lineage, clips with their names, artifacts and jobs."""
    for statement in (
        """CREATE TABLE turns (
            id INTEGER PRIMARY KEY AUTOINCREMENT, conversation TEXT NOT NULL,
            position INTEGER NOT NULL, text TEXT NOT NULL, cell_id TEXT,
            options TEXT NOT NULL, plan TEXT, answer TEXT, error TEXT, replaced_by INTEGER REFERENCES turns (id),
            created_at REAL NOT NULL)""",
        "CREATE INDEX turns_conversation ON turns (conversation, cell_id)",
        """CREATE TABLE takes (
            id TEXT PRIMARY KEY, recipe TEXT NOT NULL, created_at REAL NOT NULL)""",
        # A parent may be unknown here: a clip file brings its take, not its family.
        """CREATE TABLE lineage (
            take_id TEXT NOT NULL REFERENCES takes (id), position INTEGER NOT NULL,
            parent_id TEXT NOT NULL, PRIMARY KEY (take_id, position))""",
        "CREATE INDEX lineage_parent ON lineage (parent_id)",
        """CREATE TABLE clips (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            turn_id INTEGER NOT NULL REFERENCES turns (id),
            take_id TEXT NOT NULL REFERENCES takes (id), created_at REAL NOT NULL)""",
        # A name belongs to a turn; clip_id is NULL while it waits to be used again.
        """CREATE TABLE names (
            conversation TEXT NOT NULL, number INTEGER NOT NULL,
            turn_id INTEGER NOT NULL REFERENCES turns (id),
            clip_id INTEGER REFERENCES clips (id),
            PRIMARY KEY (conversation, number))""",
        """CREATE TABLE artifacts (
            take_id TEXT PRIMARY KEY REFERENCES takes (id), facts TEXT NOT NULL)""",
        """CREATE TABLE jobs (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            take_id TEXT NOT NULL REFERENCES takes (id),
            turn_id INTEGER REFERENCES turns (id), lane TEXT NOT NULL,
            state TEXT NOT NULL DEFAULT 'queued', phase TEXT,
            step INTEGER NOT NULL DEFAULT 0, num_steps INTEGER NOT NULL DEFAULT 0,
            message TEXT NOT NULL DEFAULT '', created_at REAL NOT NULL,
            updated_at REAL NOT NULL)""",
    ):
        connection.execute(statement)


def m002_notes(connection: sqlite3.Connection) -> None:
    """What the user should know of a turn, beside its answer."""
    connection.execute("ALTER TABLE turns ADD COLUMN notes TEXT NOT NULL DEFAULT ''")


def m003_variables(connection: sqlite3.Connection) -> None:
    """What the variables were that turns named."""
    connection.execute(
        """CREATE TABLE variables (
            conversation TEXT NOT NULL, name TEXT NOT NULL, type TEXT NOT NULL,
            summary TEXT NOT NULL, kept TEXT, turn_id INTEGER NOT NULL,
            PRIMARY KEY (conversation, name))"""
    )


def m004_expected(connection: sqlite3.Connection) -> None:
    """How long a job was expected to take, when it was queued."""
    connection.execute("ALTER TABLE jobs ADD COLUMN expected_s REAL")


def m005_keepers(connection: sqlite3.Connection) -> None:
    """Who has a job in hand: no other kernel takes it up while that one lives."""
    connection.execute("ALTER TABLE jobs ADD COLUMN keeper TEXT")


def m006_notebooks(connection: sqlite3.Connection) -> None:
    """Which notebook each conversation belongs to."""
    connection.execute(
        """CREATE TABLE notebooks (
            conversation TEXT PRIMARY KEY, path TEXT NOT NULL, file TEXT)"""
    )


def m007_aliases(connection: sqlite3.Connection) -> None:
    """What the user calls a clip, beside its own name."""
    connection.execute("ALTER TABLE names ADD COLUMN alias TEXT")


def m008_seeds(connection: sqlite3.Connection) -> None:
    """With which seeds a job may be tried, and for which take it was queued."""
    connection.execute("ALTER TABLE jobs ADD COLUMN seeds TEXT NOT NULL DEFAULT '[]'")
    connection.execute("ALTER TABLE jobs ADD COLUMN asked_id TEXT")


def m009_undone(connection: sqlite3.Connection) -> None:
    """The names of clips whose turn was undone, until it is redone or forgotten."""
    connection.execute(
        """CREATE TABLE undone (
            id INTEGER PRIMARY KEY AUTOINCREMENT, conversation TEXT NOT NULL,
            turn_id INTEGER NOT NULL REFERENCES turns (id),
            by_turn INTEGER REFERENCES turns (id), number INTEGER NOT NULL,
            clip_id INTEGER NOT NULL REFERENCES clips (id), alias TEXT,
            newest_clip INTEGER NOT NULL)"""
    )


def m010_marks(connection: sqlite3.Connection) -> None:
    """Which clips are favourites, and their tags."""
    connection.execute(
        """CREATE TABLE marks (
            conversation TEXT NOT NULL, take_id TEXT NOT NULL,
            favourite INTEGER NOT NULL, tags TEXT NOT NULL,
            PRIMARY KEY (conversation, take_id))"""
    )


# Appended, never edited: a file remembers how many of these it has seen.
MIGRATIONS = (
    m001_first,
    m002_notes,
    m003_variables,
    m004_expected,
    m005_keepers,
    m006_notebooks,
    m007_aliases,
    m008_seeds,
    m009_undone,
    m010_marks,
)
