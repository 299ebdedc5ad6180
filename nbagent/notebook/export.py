"""The conversation as a file beside the notebook: Markdown, or a notebook of its own."""

from __future__ import annotations

import json
import os
import re
import shutil
from base64 import b64encode
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from nbagent.conversation.saved_variables import is_step
from nbagent.conversation.session import Session
from nbagent.errors import SpecError
from nbagent.media import replacing
from nbagent.notebook.bundle import static_bundle
from nbagent.notebook.cell import cell_of
from nbagent.notebook.panel_wire import TurnView
from nbagent.notebook.wire import TakeView

_SIGNS = re.compile(r"([\\`*_{}\[\]<>#|~&$])")
# Without it nbconvert writes the cells as they are, and not as Python.
_LANGUAGE = {
    "name": "python",
    "file_extension": ".py",
    "mimetype": "text/x-python",
    "nbconvert_exporter": "python",
}
# What makes a list, or a heading of the line above, at the beginning of a line.
_STARTS = re.compile(r"^([ \t]*\d*)([-+=.)])", re.MULTILINE)


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
    check_kind(kind)
    folder = session.settings.store.parent
    stem = re.sub(r"\W+", "-", session.settings.conversation).strip("-") or "chat"
    name, number = f"{stem}-chat", 2
    while any(map(os.path.lexists, (folder / f"{name}.{kind}", folder / name))):
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


def check_kind(kind: str) -> None:
    """Refuse a kind of export that there is not."""
    if kind not in ("md", "ipynb"):
        raise SpecError(f"{kind!r} is not a kind of export: use md or ipynb")


def to_notebook(session: Session, turns: Sequence[TurnView]) -> dict[str, Any]:
    """Return the conversation as a notebook (nbformat 4.5): a cell for each turn.

    Each shows what came of it, as a notebook that was run does, and says its turn again
    when it is run.
    """
    cells = [_cell("load", "%load_ext nbagent", [])]
    said = {turn["id"]: session.ledger.turns.get(turn["id"]) for turn in turns}
    # What was undone is not there; said again, an undo would be of another turn.
    turns = [turn for turn in turns if not is_step(said[turn["id"]])]
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
        source = cell_of(turn["words"], said[turn["id"]].options)
        cells.append(_cell(f"turn-{number}", source, outputs))
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return {
        "cells": cells,
        "metadata": {"kernelspec": kernel, "language_info": _LANGUAGE},
        "nbformat": 4,
        "nbformat_minor": 5,
    }


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
    parts = [f"# {_escaped(' '.join(title.split()))}"]
    for turn in turns:
        said = f"{_code(turn['options'])} " if turn["options"] else ""
        said += _escaped(turn["words"])
        parts.append("\n".join(f"> {line}" for line in said.splitlines()))
        parts += [_take(take, folder) for take in turn["takes"]]
        parts += [
            "  \n".join(_escaped(text).splitlines())
            for text in (turn["note"], turn["answer"], turn["error"])
            if text
        ]
    return "\n\n".join(parts) + "\n"


def _take(take: TakeView, folder: str) -> str:
    name = take["name"]
    facts = (
        f"**{name}** · {_escaped(' '.join(take['prompt'].split()))} · seed {take['seed']} ·"
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


def _code(text: str) -> str:
    """Return a text as code within a line, whatever backticks are in it."""
    longest = max(map(len, re.findall("`+", text)), default=0)
    fence = "`" * (longest + 1)
    space = " " if longest else ""
    return f"{fence}{space}{' '.join(text.split())}{space}{fence}"


def _escaped(text: str) -> str:
    """Return a text that Markdown shows as it is: no markup, HTML or formula."""
    return _STARTS.sub(r"\1\\\2", _SIGNS.sub(r"\\\1", text))
