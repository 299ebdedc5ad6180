"""`nbagent`: the command line.

Each command imports its room when it is called, so `nbagent --help` is quick and
`nbagent doctor` works where half of the packages are missing.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable, Sequence
from importlib import import_module

from nbagent import __version__
from nbagent.errors import MissingExtra, NbagentError
from nbagent.jobs.runtime import SPIN

# Command -> module with `main(argv) -> int` (or a function), and its help.
COMMANDS = {
    "demo": ("nbagent.demo", "run the examples in a real kernel and write an HTML"),
    "doctor": ("nbagent.doctor", "versions, device, engine, disk: what to do"),
    "kernel install": (
        "nbagent.kernelspec:install",
        "add 'Python 3 (nbagent)': --user | --sys-prefix | --prefix FOLDER",
    ),
    "kernel remove": ("nbagent.kernelspec:remove", "take that kernel away again"),
    "jobs": (__name__ + ":jobs", "the unfinished jobs of this folder"),
    "models": (
        __name__ + ":models",
        "which models there are; what one can do: models [NAME ...]",
    ),
    "eval turns": (
        "nbagent.measure_turns",
        "score the reader, or a language model, on labelled turns",
    ),
    "eval scenes": ("nbagent.measure_scenes", "score what is read of labelled scenes"),
    "eval dialogues": ("nbagent.dialogues", "score the conversation on dialogues"),
    "eval pocket": ("nbagent.evaluate", "judge pocket's clips by machine"),
    "eval motion": ("nbagent.motion_eval", "judge whether verbs move things"),
    "bench": (
        "nbagent.bench",
        "load | overhead | preview | cancel | operations | caches | compile | panel",
    ),
    "train-pocket": ("nbagent.pocket.train", "train the embedded model from nothing"),
    "train-reader": (
        "nbagent.language.training.__main__",
        "train what reads the turns: TURNS [--out FILE] [--groups FILE]",
    ),
    "train-scenes": (
        "nbagent.language.training.__main__:scenes",
        "train what reads scenes: SCENES [--out FILE] [--without NAME ...]",
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
    if words[0] == "--version":
        sys.stdout.write(f"nbagent {__version__}\n")
        return 0
    for size in (2, 1):
        name = " ".join(words[:size])
        if name in COMMANDS:
            return _run(COMMANDS[name][0], words[size:])
    known = ", ".join(COMMANDS)
    sys.stderr.write(f"nbagent: unknown command {words[0]!r}: use one of {known}\n")
    return 2


def jobs(_argv: list[str]) -> int:
    """Print the unfinished jobs of this folder's ledger."""
    from nbagent.ledger import Ledger
    from nbagent.settings import Settings
    from nbagent.take import UNFINISHED

    settings = Settings.from_env()
    with Ledger(settings.store, is_named=settings.store_is_named) as ledger:
        found = ledger.jobs(states=UNFINISHED)
    for job in found:
        at = f"step {job.step} of {job.num_steps}" if job.num_steps else ""
        sys.stdout.write(f"{job.id:<5} {job.state:<8} {job.lane:<12} {at}\n")
    if not found:
        sys.stdout.write("nothing is being rendered here\n")
    return 0


def models(argv: list[str]) -> int:
    """Print what the named models can do; without a name, which models there are."""
    from nbagent.models import model_card

    for name in argv or ["pocket"]:
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
    if not argv:
        sys.stdout.write(_catalogue())
    return 0


def _catalogue() -> str:
    """List the short names: what is on this machine, and what each begins from."""
    from nbagent.catalogue import CATALOGUE
    from nbagent.families import FAMILIES
    from nbagent.models import is_here

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


def _help() -> str:
    width = max(map(len, COMMANDS))
    rows = "\n".join(f"  {n:<{width}}  {h}" for n, (_, h) in COMMANDS.items())
    return (
        "Video generation as a conversation inside a notebook.\n\n"
        f"usage: nbagent COMMAND [options]\n\n{rows}\n\n"
        "In a notebook: %load_ext nbagent, then %agent a red ball crosses the beach\n"
    )


if __name__ == "__main__":
    raise SystemExit(main())
