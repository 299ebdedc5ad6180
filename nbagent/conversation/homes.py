"""Which conversation a notebook has: its own, also after it was renamed.

A conversation is called as its notebook was when it began, and the store notes the file.
Where that file has another name now the old conversation is offered, and never taken
without a word: a file system gives the number of a deleted file to the next new one.
"""

from __future__ import annotations

import os
from pathlib import Path

from nbagent.conversation.library import free_name, size
from nbagent.ledger import Ledger, NotebookRow
from nbagent.settings import Settings


def conversation(ledger: Ledger, settings: Settings) -> str:
    """Return the name of the conversation to begin in."""
    name, notebook = settings.conversation, settings.notebook
    if notebook is None:
        return name
    file = _file(notebook)
    for row in ledger.notebooks.all():
        if row.path == _path(ledger, notebook):
            # Of its name, but another file: a new notebook, if the old one lies about
            # under another name; else what a program has written anew.
            is_other = None not in (row.file, file) and row.file != file
            if is_other and _lies_about(notebook.parent, row.file):
                return free_name(ledger, name, "2")
            return row.conversation
        if row.conversation == name and _notebook(ledger, row).exists():
            return free_name(ledger, name, "2")  # of the same name, elsewhere
    return name


def offer(ledger: Ledger, settings: Settings) -> str:
    """Say which conversations this notebook may have had under another name."""
    if ledger.clips(settings.conversation):
        return ""
    left = [row.conversation for row in left_behind(ledger, settings)]
    if not left:
        return ""
    known = "; or ".join(
        f"from {name} ({size(ledger, name)}), continue with %nbagent conversation"
        f" {name}"
        for name in left[-3:]
    )
    return f"{settings.conversation} has no clips yet. If this notebook was renamed {known}"


def left_behind(ledger: Ledger, settings: Settings) -> list[NotebookRow]:
    """Return the conversations whose notebook has another name now, or is gone."""
    notebook = settings.notebook
    if notebook is None:
        return []
    file = _file(notebook)
    return [
        row
        for row in ledger.notebooks.all()
        if row.conversation != settings.conversation
        and ledger.turns.of(row.conversation)
        and ((row.file and row.file == file) or not _notebook(ledger, row).exists())
    ]


def settle(ledger: Ledger, settings: Settings) -> None:
    """Note that a conversation is that of this notebook, if there is one."""
    notebook = settings.notebook
    if notebook is None:
        return
    row = NotebookRow(
        conversation=settings.conversation,
        path=_path(ledger, notebook),
        file=_file(notebook),
    )
    if row not in ledger.notebooks.all():
        ledger.notebooks.put(row)


def _path(ledger: Ledger, notebook: Path) -> str:
    # As seen from the store: the folder of both may be moved, or mounted elsewhere.
    return os.path.relpath(notebook, ledger.folder)


def _notebook(ledger: Ledger, row: NotebookRow) -> Path:
    return ledger.folder / row.path


def _file(path: Path) -> str | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return f"{status.st_dev}:{status.st_ino}"


def _lies_about(folder: Path, file: str | None) -> bool:
    return any(_file(path) == file for path in folder.glob("*.ipynb"))
