"""The conversation as a file beside the notebook: Markdown, or a notebook of its own."""

from __future__ import annotations

import json
import re
import shutil
from base64 import b64encode
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from nbagent.conversation.session import Session
from nbagent.errors import SpecError
from nbagent.media import replacing
from nbagent.notebook.bundle import static_bundle
from nbagent.notebook.panel_wire import TurnView
from nbagent.notebook.wire import TakeView

_SIGNS = re.compile(r"([\\`*_{}\[\]<>#|~])")


def export(session: Session, turns: Sequence[TurnView], kind: str = "md") -> Path:
    """Write the conversation with its finished clips; nothing is overwritten.

    Args:
        session: The conversation.
        turns: Of it.
        kind: `md`, with a folder of the same name for the clips, or `ipynb`: a notebook
            that says every turn again when it is run.

    Raises:
        SpecError: For another kind.
    """
    if kind not in ("md", "ipynb"):
        raise SpecError(f"{kind!r} is no kind of export: use md or ipynb")
    folder = session.settings.store.parent
    stem = re.sub(r"\W+", "-", session.settings.conversation).strip("-") or "chat"
    name, number = f"{stem}-chat", 2
    while (folder / f"{name}.{kind}").exists() or (folder / name).exists():
        name, number = f"{stem}-chat-{number}", number + 1
    path = folder / f"{name}.{kind}"
    if kind == "ipynb":
        notebook = to_notebook(session, turns)
        _write(path, json.dumps(notebook, indent=1, ensure_ascii=False) + "\n")
        return path
    clips = folder / name
    try:
        done = [
            take["name"]
            for turn in turns
            for take in turn["takes"]
            if take["state"] == "done"
        ]
        if done:
            _save(session, done, clips)
        _write(path, to_markdown(session.settings.conversation, turns, name))
    except BaseException:
        shutil.rmtree(clips, ignore_errors=True)  # half an export is worse than none
        raise
    return path


def to_notebook(session: Session, turns: Sequence[TurnView]) -> dict[str, Any]:
    """Return the conversation as a notebook (nbformat 4.5): a cell for each turn.

    Each shows what came of it, as a notebook that was run does, and says its turn again
    when it is run.
    """
    cells = [_cell("load", "%load_ext nbagent", [])]
    for number, turn in enumerate(turns, 1):
        done = [
            session.clip(take["name"])
            for take in turn["takes"]
            if take["state"] == "done"
        ]
        outputs = [_output(static_bundle(done))] if done else []
        outputs += [
            _output({"text/plain": text})
            for text in (turn["answer"], turn["error"])
            if text
        ]
        of = session.ledger.turn(turn["id"]).options.get("target")
        cells.append(_cell(f"turn-{number}", _source(turn, of), outputs))
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return {
        "cells": cells,
        "metadata": {"kernelspec": kernel},
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def _source(turn: TurnView, of: str | None) -> str:
    """Return the cell that says a turn; `of` is the clip whose method said it."""
    options, words = turn["options"], turn["words"]
    if of:
        words = f"{of}, {words}"
    if words.startswith("--"):
        options = f"{options} --".strip()  # a turn's own dashes are no options
    if "\n" in words:
        return f"%%agent {options}\n{words}"
    return " ".join(filter(None, ("%agent", options, words)))


def _cell(cell_id: str, source: str, outputs: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "cell_type": "code",
        "id": cell_id,
        "metadata": {},
        "execution_count": None,
        "source": source,
        "outputs": outputs,
    }


def _output(data: dict[str, Any]) -> dict[str, Any]:
    written = {
        kind: b64encode(value).decode() if isinstance(value, bytes) else value
        for kind, value in data.items()
    }
    return {"output_type": "display_data", "data": written, "metadata": {}}


def to_markdown(title: str, turns: Sequence[TurnView], folder: str) -> str:
    """Return the turns as Markdown; what users and models wrote is text, not markup."""
    parts = [f"# {_escaped(title)}"]
    for turn in turns:
        said = f"`{turn['options']}` " if turn["options"] else ""
        said += _escaped(turn["words"])
        parts.append("\n".join(f"> {line}" for line in said.splitlines()))
        parts += [_take(take, folder) for take in turn["takes"]]
        parts += [
            _escaped(text).replace("\n", "  \n")
            for text in (turn["note"], turn["answer"], turn["error"])
            if text
        ]
    return "\n\n".join(parts) + "\n"


def _take(take: TakeView, folder: str) -> str:
    name = take["name"]
    facts = (
        f"**{name}** · {_escaped(take['prompt'])} · seed {take['seed']} ·"
        f" {take['width']}×{take['height']} · {take['num_frames']} frames ·"
        f" {_escaped(take['model'])}"
    )
    if take["state"] != "done":
        return f"{facts} · {take['state']}"
    picture = f"![{name}]({folder}/{name}.jpg)"
    if take["num_frames"] == 1:
        return f"{picture}\n\n{facts}"
    return f"[{picture}]({folder}/{name}.mp4)\n\n{facts}"


def _save(session: Session, names: Sequence[str], folder: Path) -> None:
    with replacing(folder) as scratch:
        scratch.mkdir()
        for name in names:
            clip = session.clip(name)
            (scratch / f"{name}.jpg").write_bytes(clip.poster)
            if clip.num_frames > 1:
                shutil.copyfile(clip.path, scratch / f"{name}.mp4")


def _write(path: Path, text: str) -> None:
    with replacing(path) as scratch:
        scratch.write_text(text, encoding="utf-8")


def _escaped(text: str) -> str:
    return _SIGNS.sub(r"\\\1", text)
