"""Draws the rooms of the house and their order: `python docs/_site/house.py`.

The order is that of import-linter's layers in pyproject.toml, so the picture cannot differ
from what is checked. Writes docs/img/house.svg.
"""

from __future__ import annotations

import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
OUT = ROOT / "docs" / "img" / "house.svg"
DOES = {
    "__main__": "python -m nbagent",
    "cli": "the command nbagent",
    "demo": "the examples, executed",
    "measure": "benches and evaluations",
    "notebook": "magics, player, panel: all that knows Jupyter",
    "doctor": "what is here and what is missing",
    "kernelspec": "a kernel of its own in the launcher",
    "conversation": "a plan becomes an answer, or takes",
    "language": "words become a plan",
    "jobs": "takes travel to workers",
    "render": "a take becomes a clip: diffusers",
    "charts": "data and figures, drawn exactly",
    "models": "cards, families, hub, memory, fit",
    "pocket": "the embedded model",
    "artifacts": "frames into the store",
    "acts": "what can be asked of a clip: the registry",
    "ledger": "turns, takes, clips: SQLite",
    "media": "frames, films, pictures, recipes",
    "settings": "the environment, read once",
    "take": "one attempt at a clip, as a value",
    "system": "GPUs, numerics, private files",
    "errors": "every error that is raised on purpose",
}
TORCH = {"render", "pocket"}
ROW, GAP, WIDTH = 40, 8, 880


def layers() -> list[list[str]]:
    """Return the rooms from the top to the bottom; those of one line are equals."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    contract = project["tool"]["importlinter"]["contracts"][0]
    return [line.replace(" ", "").split("|") for line in contract["layers"]]


def draw() -> str:
    """Return the picture."""
    rows = layers()
    height = len(rows) * (ROW + GAP) + 84
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
        'role="img" font-family="system-ui, sans-serif" font-size="14">',
        "<title>The rooms of nbagent: each imports those below it and none above</title>",
        f'<rect width="{WIDTH}" height="{height}" rx="10" fill="#ffffff"/>',
        f'<path d="M26 48V{height - 40}m-7 -11l7 11 7-11" fill="none" stroke="#7e57c2" '
        'stroke-width="2"/>',
        f'<text x="-{height / 2:g}" y="18" transform="rotate(-90)" fill="#5e35b1" '
        'text-anchor="middle" font-size="12">imports go down, never up</text>',
    ]
    y = 24
    for row in rows:
        width = (WIDTH - 60 - GAP * (len(row) - 1) - 16) / len(row)
        for at, room in enumerate(row):
            does = DOES.get(room, "")
            x = 52 + at * (width + GAP)
            fill, edge = (
                ("#ffe0cc", "#e65100") if room in TORCH else ("#ede7f6", "#7e57c2")
            )
            parts.append(
                f'<rect x="{x:g}" y="{y}" width="{width:g}" height="{ROW}" rx="6" '
                f'fill="{fill}" stroke="{edge}"/>'
                f'<text x="{x + 12:g}" y="{y + 25}" fill="#222222">'
                f'<tspan font-weight="600">{room}</tspan>'
                f'<tspan dx="10" fill="#444444">{does}</tspan></text>'
            )
        y += ROW + GAP
    parts.append(
        f'<rect x="52" y="{y + 12}" width="16" height="16" rx="3" fill="#ffe0cc" '
        f'stroke="#e65100"/><text x="76" y="{y + 25}" fill="#444444">imports torch: only in a '
        "worker, never in the kernel</text></svg>\n"
    )
    return "\n".join(parts)


if __name__ == "__main__":
    OUT.write_text(draw(), encoding="utf-8")
