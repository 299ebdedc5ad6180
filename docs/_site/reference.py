"""Pages of the reference that follow from the code: acts, magics, commands."""

from __future__ import annotations

from collections.abc import Iterable

from nbagent.acts import readme_table
from nbagent.cli import COMMANDS as SHELL
from nbagent.models import fit
from nbagent.models.fit import Placement
from nbagent.models.memory import Device
from nbagent.notebook.commands import COMMANDS
from nbagent.notebook.options import OPTIONS


def acts() -> str:
    """Return what can be asked of a clip, from the registry."""
    return f"""# Acts

Everything that can be asked of a clip, from the registry `nbagent.acts`. Say it in a turn, or call
the method: it does exactly what it is told. Most acts take `span` and `region`, which limit them to
a part, for instance `clip.speed(2, span="last half")`. [The Python API](api.md) has the arguments.

{readme_table()}"""


def magics() -> str:
    """Return the magics, the options of a turn and the commands."""
    options = _table(
        "| option | what it says |",
        ((f"--{one.name} {one.value}".strip(), one.help) for one in OPTIONS),
    )
    commands = _table(
        "| command | what it does |",
        ((f"%nbagent {n} {c.usage}".strip(), c.help) for n, c in COMMANDS.items()),
    )
    return f"""# Magics and options

`%load_ext nbagent` registers three magics.

| magic | takes |
| --- | --- |
| `%agent [OPTIONS] WORDS` | one turn on a line; `clip = %agent ...` keeps the clip |
| `%%agent [OPTIONS]` | one turn: the body of the cell, byte for byte |
| `%nbagent COMMAND` | a command about the conversation, read by no model |

`@name` in a turn names a clip or a variable. ` # ` begins a comment. After a lone `--` everything
is words. `nbagent.say("words", seed=7)` says a turn from Python, with the same options.

## Options of a turn

They go before the words or right behind them.

{options}
## Commands

With `--dry-run` a command says what it would do.

{commands}"""


def command_line() -> str:
    """Return the commands of the shell."""
    rows = ((f"nbagent {name}", told) for name, (_, told) in SHELL.items())
    return f"""# Command line

Each command has `--help`.

{_table("| command | what it does |", rows)}"""


def _table(head: str, rows: Iterable[tuple[str, str]]) -> str:
    lines = [head, "| --- " * (head.count("|") - 1) + "|"]
    # In a code span a bar is a bar, to this Markdown.
    lines += [f"| `{left}` | {_plain(right)} |" for left, right in rows]
    return "\n".join(lines) + "\n"


def _plain(text: str) -> str:
    for sign in "|[":
        text = text.replace(sign, f"\\{sign}")
    return text


def memory() -> str:
    """Return how the models of the catalogue are put on GPUs of several sizes."""
    sizes_gb = (8, 12, 16, 24, 48, 80)
    rows = [f"| model | {' | '.join(f'{size} GB' for size in sizes_gb)} |"]
    rows.append("| --- " * (len(sizes_gb) + 1) + "|")
    for name in fit.CATALOGUE:
        needs = fit._known_needs(name)  # noqa: SLF001
        if needs is None:
            continue
        placements = [
            fit.choose(
                needs,
                Device(kind="cuda", free_bytes=size * fit.GB, host_bytes=64 * fit.GB),
            )
            for size in sizes_gb
        ]
        cells = " | ".join("-" if one is None else _short(one) for one in placements)
        rows.append(f"| `{name}` | {cells} |")
    return "\n".join(rows)


def _short(placement: Placement) -> str:
    return placement.where + (", fp8" if placement.weights == "fp8" else "")
