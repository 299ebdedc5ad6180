"""The conversation as a Markdown file beside the notebook, its clips in a folder."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from nbagent.conversation.session import Session
from nbagent.notebook.panel_wire import TurnView
from nbagent.notebook.wire import TakeView

_SIGNS = re.compile(r"([\\`*_{}\[\]<>#|~])")


def export(session: Session, turns: Sequence[TurnView]) -> Path:
    """Write the turns with their finished clips; nothing is overwritten.

    Returns:
        The Markdown file; a folder of the same name beside it has the clips.
    """
    folder = session.settings.store.parent
    stem = re.sub(r"\W+", "-", session.settings.conversation).strip("-") or "chat"
    name, number = f"{stem}-chat", 2
    while (folder / f"{name}.md").exists() or (folder / name).exists():
        name, number = f"{stem}-chat-{number}", number + 1
    clips = folder / name
    for turn in turns:
        for take in turn["takes"]:
            if take["state"] == "done":
                clips.mkdir(exist_ok=True)
                _save(session, take["name"], clips)
    path = folder / f"{name}.md"
    path.write_text(to_markdown(session.settings.conversation, turns, name))
    return path


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


def _save(session: Session, name: str, folder: Path) -> None:
    clip = session.clip(name)
    (folder / f"{name}.jpg").write_bytes(clip.poster)
    if clip.num_frames > 1:
        clip.save(folder / f"{name}.mp4")


def _escaped(text: str) -> str:
    return _SIGNS.sub(r"\\\1", text)
