"""`nbagent`: the command line.

Each command imports its room when it is called, so `nbagent --help` is quick and
`nbagent doctor` works where half of the packages are missing.
"""

from __future__ import annotations

import difflib
import io
import os
import sys
from collections.abc import Callable, Sequence
from importlib import import_module

from nbagent import __version__
from nbagent.errors import MissingExtra, NbagentError
from nbagent.jobs.runtime import SPIN
from nbagent.system.arguments import Parser

# Command -> module with `main(argv) -> int` (or a function), and its help.
COMMANDS = {
    "demo": (
        "nbagent.demo",
        ("run the examples in a real kernel and write them as HTML"),
    ),
    "doctor": (
        "nbagent.doctor",
        ("check versions, device, engine and disk, and say what to fix"),
    ),
    "kernel install": (
        "nbagent.kernelspec:install",
        "add 'Python 3 (nbagent)': --user | --sys-prefix | --prefix FOLDER",
    ),
    "kernel remove": ("nbagent.kernelspec:remove", "remove that kernel"),
    "jobs": (__name__ + ":jobs", "list this folder's unfinished jobs"),
    "models": (
        __name__ + ":models",
        "list the models, or what some can do: models [NAME ...]",
    ),
    "eval turns": (
        "nbagent.measure.turns",
        "score the reader, or a language model, on labelled turns",
    ),
    "eval scenes": (
        "nbagent.measure.scenes",
        "score the scene reader on labelled scenes",
    ),
    "eval dialogues": (
        "nbagent.measure.dialogues",
        "score the conversation on dialogues",
    ),
    "eval pocket": ("nbagent.measure.evaluate", "score pocket's clips automatically"),
    "eval motion": ("nbagent.measure.motion_eval", "score whether verbs move things"),
    "eval held": (
        "nbagent.measure.held_eval",
        "score how clips continue from held frames",
    ),
    "eval actors": (
        "nbagent.measure.actors_eval",
        "score how well each actor is drawn",
    ),
    "bench": (
        "nbagent.measure.bench",
        "load | overhead | preview | cancel | operations | caches | compile | panel",
    ),
    "train-pocket": ("nbagent.pocket.train", "train the embedded model from scratch"),
    "train-reader": (
        "nbagent.language.training.__main__",
        "train the reader of turns: TURNS [--out FILE] [--groups FILE]",
    ),
    "train-moves": (
        "nbagent.language.training.__main__:moves",
        "train the reader of turns about data: TURNS [--out FILE] [--without NAME ...]",
    ),
    "train-scenes": (
        "nbagent.language.training.__main__:scenes",
        "train the scene reader: SCENES [--out FILE] [--without NAME ...]",
    ),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; our errors are one line."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A path or a prompt may have letters that an old terminal has not.
        sys.stdout.reconfigure(errors="backslashreplace")
    words = list(sys.argv[1:] if argv is None else argv)
    if not words or words[0] in ("-h", "--help", "help"):
        sys.stdout.write(_help())
        return 0
    if words[0] in ("-V", "--version"):
        sys.stdout.write(f"nbagent {__version__}\n")
        return 0
    for size in (2, 1):
        name = " ".join(words[:size])
        if name in COMMANDS:
            return _run(COMMANDS[name][0], words[size:])
    group = [name for name in COMMANDS if name.partition(" ")[0] == words[0]]
    if group and words[1:2] in (["-h"], ["--help"]):
        sys.stdout.write(_help(group, f"{words[0]} COMMAND"))
        return 0
    sys.stderr.write(f"nbagent: {_unknown(words, group)} (see nbagent --help)\n")
    return 2


def _unknown(words: Sequence[str], group: Sequence[str]) -> str:
    """Say that there is no such command, and which is meant."""
    if words[0].startswith("-"):
        return f"unknown option {words[0]!r}"
    if group:
        return f"{words[0]} is not a whole command: use {', '.join(group)}"
    close = difflib.get_close_matches(words[0], COMMANDS, n=1)
    hint = f": did you mean {close[0]}?" if close else ""
    return f"unknown command {words[0]!r}{hint}"


def jobs(argv: list[str]) -> int:
    """Print the unfinished jobs of this folder's ledger."""
    from nbagent.ledger import Ledger
    from nbagent.settings import Settings
    from nbagent.take import UNFINISHED

    Parser(prog="nbagent jobs", description=jobs.__doc__).parse_args(argv)
    settings = Settings.from_env()
    with Ledger(settings.store, is_named=settings.store_is_named) as ledger:
        found = ledger.jobs.find(states=UNFINISHED)
    for job in found:
        at = f"step {job.step} of {job.num_steps}" if job.num_steps else ""
        sys.stdout.write(f"{job.id:<5} {job.state:<8} {job.lane:<12} {at}\n")
    if not found:
        sys.stdout.write("nothing is being rendered here\n")
    return 0


def models(argv: list[str]) -> int:
    """Print what the named models can do; without a name, which models there are."""
    from nbagent.models.cards import model_card

    parser = Parser(prog="nbagent models", description=models.__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="a model's name")
    names = parser.parse_args(argv).names
    for name in names or ["pocket"]:
        card = model_card(name)
        rule = f"{card.frames_step}k"
        if card.frames_offset:
            rule += f"+{card.frames_offset}"
        sys.stdout.write(
            f"{card.name}: {card.pipeline}, {card.width}x{card.height} (multiples of"
            f" {card.size_multiple}), {card.num_frames} frames ({rule}, up to"
            f" {card.max_num_frames}) at {card.fps:g} fps,"
            f" {card.num_inference_steps} steps ({card.draft_steps} for a draft),"
            f" guidance {card.guidance_scale:g}; {', '.join(card.tasks)}\n"
        )
    if not names:
        sys.stdout.write(_catalogue())
    return 0


def _catalogue() -> str:
    """List the short names: what is on this machine, and what each begins from."""
    from nbagent.models.catalogue import CATALOGUE
    from nbagent.models.families import FAMILIES
    from nbagent.models.names import is_here

    width = max(map(len, CATALOGUE))
    return "\n" + "".join(
        f"{name:<{width}}  {'here' if is_here(name) else '-':<4}"
        f"  from {'words' if 'generate' in FAMILIES[one.pipeline].tasks else 'a picture'}"
        f"  {one.repo} ({one.licence})\n"
        for name, one in CATALOGUE.items()
    )


def _run(place: str, argv: list[str]) -> int:
    module, _, name = place.partition(":")
    # What renders in this process waits as a worker does. libgomp reads it when torch is
    # imported, so before any command is.
    for key, value in SPIN.items():
        os.environ.setdefault(key, value)
    try:
        command: Callable[[list[str]], int]
        command = getattr(import_module(module), name or "main")
        return command(argv)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.startswith("nbagent"):
            raise
        line = MissingExtra(
            f"this needs the package {error.name!r}: pip install 'nbagent[local]'"
        )
        sys.stderr.write(f"nbagent: {line}\n")
        return 1
    except NbagentError as error:
        sys.stderr.write(f"nbagent: {error}\n")
        return 1
    except KeyboardInterrupt:
        return 130


def _help(names: Sequence[str] = tuple(COMMANDS), usage: str = "COMMAND") -> str:
    width = max(map(len, names))
    rows = "\n".join(f"  {name:<{width}}  {COMMANDS[name][1]}" for name in names)
    return (
        "Video generation as a conversation inside a notebook.\n\n"
        f"usage: nbagent {usage} [options]\n\n{rows}\n\n"
        "Each command has --help. Exit codes: 0 done, 1 failed, 2 wrong use,"
        " 130 stopped.\n"
        "In a notebook: %load_ext nbagent, then %agent a red ball crosses the beach\n"
    )


if __name__ == "__main__":
    raise SystemExit(main())
