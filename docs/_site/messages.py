"""Troubleshooting, from the texts of doctor and of the errors themselves.

The sources are read, not run, so the page has every line that a user may meet and cannot
go stale: what a message has of its own (a name, a number) stands as {so}.
"""

from __future__ import annotations

import ast
import html
import re
from collections.abc import Iterator
from pathlib import Path

import nbagent
from nbagent import doctor, errors

PACKAGE = Path(nbagent.__file__).parent
# What a user is about when a room speaks: its title, and the rooms.
AREAS = {
    "Turns, options and commands": ("notebook", "language", "settings.py", "cli.py"),
    "Clips and what is asked of them": ("conversation", "acts", "take"),
    "Charts and tables": ("charts",),
    "Pictures, films and files": ("media", "artifacts.py"),
    "Models and rendering": ("models", "render", "pocket", "system"),
    "The engine and the cluster": ("jobs", "kernelspec.py"),
    "The store": ("ledger",),
    "Benches and evaluations": ("measure", "demo.py", "doctor.py"),
}
CLASSES = {
    name
    for name, one in vars(errors).items()
    if isinstance(one, type) and issubclass(one, errors.NbagentError)
}


def page() -> str:
    """Return the page."""
    parts = [
        """# Troubleshooting

Begin with `nbagent doctor` in a terminal, or `%nbagent doctor` in a notebook. It changes nothing, and
says what is there, what is missing and what to do.

Each error of nbagent is one line: what happened, the value, and what to do next. This page lists
them all; use the browser's search. What depends on your case stands in braces, like `{name}`.
A traceback of many lines is a bug: please report it.

If a player or a panel does not answer, see [player](player.md#when-it-does-not-work) and
[panel](panel.md#when-the-kernel-restarts).
"""
    ]
    parts.append("## What doctor says\n\n" + _doctor())
    left = {path.name for path in PACKAGE.iterdir()}
    for title, rooms in AREAS.items():
        left -= {*rooms}
        rows = sorted({row for room in rooms for row in _raised(PACKAGE / room)})
        if rows:
            parts.append(
                f"## {title}\n\n" + _table("what you read", "what to do", rows)
            )
    parts.append("## Which error is which\n\n" + _classes())
    return "\n\n".join(parts)


def _doctor() -> str:
    """Return each line of the report that is not well, with its advice."""
    rows = []
    for node in ast.walk(ast.parse((PACKAGE / "doctor.py").read_text("utf-8"))):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name)):
            continue
        given = {one.arg: one.value for one in node.keywords if one.arg}
        if node.func.id == "_missing":
            name, advice = map(_text, node.args)
            rows.append((f"{name}: not installed", advice))
        elif node.func.id == "Check" and _last(given["state"]) in ("warn", "bad"):
            name, value = _text(given["name"]), _text(given["value"])
            advice = _text(given["advice"]) if "advice" in given else ""
            if _says_something(value) and _says_something(advice):
                rows.append((f"{name}: {value}", advice))
    return _table("the line", "what to do", rows)


def _says_something(text: str) -> bool:
    """Return whether there are words beside what is put in."""
    return bool(re.search("[a-z]{2}", re.sub(r"\{.*?\}", "", text)))


def _last(node: ast.expr) -> str:
    """Return a state, of `"ok" if ... else "bad"` the last one."""
    node = node.orelse if isinstance(node, ast.IfExp) else node
    return node.value if isinstance(node, ast.Constant) else "?"


def _raised(place: Path) -> Iterator[tuple[str, str]]:
    """Yield the messages of a file, or of the files of a folder."""
    for path in sorted(place.rglob("*.py")) if place.is_dir() else [place]:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id in CLASSES
                and node.args
                and isinstance(node.args[0], ast.Constant | ast.JoinedStr)
            ):
                what, _, advice = _text(node.args[0]).partition(": ")
                if _says_something(what):
                    yield what, advice


def _text(node: ast.expr) -> str:
    """Return a text as it is written, with names in braces for what is put in."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(map(_text, node.values))
    if isinstance(node, ast.IfExp):
        both = (_text(node.body), _text(node.orelse))
        return max(both, key=len)
    if isinstance(node, ast.FormattedValue):
        return "{" + _name(node.value) + "}"
    if isinstance(node, ast.BinOp):
        return _text(node.left) + _text(node.right)
    if isinstance(node, ast.Name) and isinstance(getattr(doctor, node.id, None), str):
        return str(getattr(doctor, node.id))
    return "{" + _name(node) + "}"


def _name(node: ast.expr) -> str:
    """Return the last name of an expression, or three dots."""
    if isinstance(node, ast.Name):
        return node.id.strip("_").lower()
    if (
        isinstance(node, ast.Call)
        and node.args
        and not isinstance(node.func, ast.Attribute)
    ):
        return _name(node.args[0])
    if isinstance(node, ast.Attribute):
        return node.attr
    if isinstance(node, ast.Subscript):
        return _name(node.value)
    if isinstance(node, ast.BoolOp):
        return _name(node.values[0])
    return "..."


def _classes() -> str:
    names = sorted(CLASSES - {"NbagentError"})
    rows = [(name, getattr(errors, name).__doc__ or "") for name in names]
    return _table("class of `nbagent.errors`", "when", rows)


def _table(left: str, right: str, rows: list[tuple[str, str]]) -> str:
    lines = [f"| {left} | {right} |", "| --- | --- |"]
    lines += [f"| {_cell(one)} | {_cell(other)} |" for one, other in rows]
    return "\n".join(lines)


def _cell(text: str) -> str:
    text = html.escape(" ".join(text.split()), quote=False)
    for sign in "\\|*_`[]":
        text = text.replace(sign, f"\\{sign}")
    # Bare ones at the end of a cell would be attributes to Markdown.
    return text.replace("{", "&#123;").replace("}", "&#125;")
