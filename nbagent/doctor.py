"""`nbagent doctor`: what is here, what is missing, and what to do about each problem.

It looks and never changes anything: nothing is imported that takes longer than it
tells (no torch, no Dask), nothing is started, the store is not created.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from nbagent.errors import NbagentError
from nbagent.models.machine import RENDERER, device_here, gpus, memory_bytes, version_of
from nbagent.settings import Settings
from nbagent.system.arguments import Parser
from nbagent.system.numerics import SAYS, Verdicts, cpu, fast_bf16

if TYPE_CHECKING:
    from nbagent.models.cards import ModelCard
    from nbagent.models.fit import Placement

State = Literal["ok", "warn", "bad"]

STATIC = Path(__file__).parent / "static"
BUNDLE = ("player.js", "player.css", "tools.js", "tools.css")
MIN_FREE_BYTES = 10**9
# pocket's worker stays under 1.2 GB; a notebook and its server want the rest.
MIN_MEMORY_BYTES = 2 * 10**9
REINSTALL = "pip install --force-reinstall nbagent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One line of the report; `advice` says what to do when it is not ok."""

    name: str
    state: State
    value: str
    advice: str = ""


def main(argv: Sequence[str] | None = None) -> int:
    """Print the report; return 1 when something that is needed is broken."""
    parser = Parser(
        prog="nbagent doctor", description="Check this installation: what to fix."
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args(argv)
    checks = report(Settings.from_env())
    broken = any(check.state == "bad" for check in checks)
    if options.json:
        lines = [asdict(check) for check in checks]
        print(json.dumps({"ok": not broken, "checks": lines}, indent=2))
    else:
        print(render_text(checks, sys.stdout.encoding))
    return int(broken)


def report(settings: Settings) -> list[Check]:
    """Look at everything nbagent stands on; takes well under a second."""
    gpu = "; ".join(map(str, gpus()))
    return [
        *_packages(),
        _renderer(settings, gpu),
        *_device(gpu),
        _runtime(settings),
        _engine(settings),
        _model(settings),
        _numbers(settings, gpu),
        _player(),
        _kernel(),
        *_store(settings),
    ]


def render_text(checks: Sequence[Check], encoding: str | None = "utf-8") -> str:
    """Lay the report out for a person: a mark, a name, what was found, what to do.

    Args:
        checks: The report.
        encoding: Of the terminal; one that has no check marks gets plain signs.
    """
    marks = {"ok": "✓", "warn": "!", "bad": "✗"}
    try:
        "".join(marks.values()).encode(encoding or "ascii")
    except (LookupError, UnicodeEncodeError):
        marks = {"ok": "+", "warn": "!", "bad": "x"}
    width = max(len(check.name) for check in checks)
    lines = []
    for check in checks:
        lines.append(f"{marks[check.state]} {check.name:<{width}}  {check.value}")
        if check.advice:
            lines.append(f"  {'':<{width}}  -> {check.advice}")
    return "\n".join(lines)


def _packages() -> Iterator[Check]:
    yield Check(name="nbagent", state="ok", value=version_of("nbagent") or "a checkout")
    yield Check(
        name="python",
        state="ok" if sys.version_info >= (3, 11) else "bad",
        value=f"{platform.python_version()} at {sys.prefix}",
    )
    yield _ipykernel(version_of("ipykernel"))
    for name in ("ipython", "anywidget", "ipywidgets", "distributed", "av"):
        if found := version_of(name):
            yield Check(name=name, state="ok", value=found)
        else:
            yield _missing(name, REINSTALL)
    yield Check(
        name="jupyterlab",
        state="ok",
        value=version_of("jupyterlab") or "not in this environment (not required)",
    )


def _ipykernel(found: str | None) -> Check:
    if found is None:
        return _missing("ipykernel", REINSTALL)
    release = tuple(int(part) for part in found.split(".")[:2])
    if release == (7, 0):
        return Check(
            name="ipykernel",
            state="bad",
            value=f"{found}: version 7.0 cannot cancel a running cell",
            advice="pip install 'ipykernel>=7.1', then restart the kernel",
        )
    waits = f"{found}: the player's buttons wait for the running cell"
    if release < (7, 1) and version_of("google-colab"):
        # Its runtime crashes when its own is replaced.
        return Check(name="ipykernel", state="ok", value=f"{waits} (Colab's own)")
    if release < (7, 1):
        return Check(
            name="ipykernel",
            state="warn",
            value=waits,
            advice="pip install 'ipykernel>=7.1', then restart the kernel",
        )
    return Check(name="ipykernel", state="ok", value=found)


def _renderer(settings: Settings, gpu: str) -> Check:
    found = {name: version_of(name) for name in RENDERER}
    missing = [name for name, version in found.items() if version is None]
    if settings.engine and missing:
        return Check(name="renderer", state="ok", value=f"remote, at {settings.engine}")
    if missing:
        return Check(
            name="renderer",
            state="bad",
            value=f"absent: no {', '.join(missing)}",
            advice="pip install 'nbagent[local]', or set NBAGENT_ENGINE to a cluster",
        )
    torch = found["torch"] or ""
    value = f"torch {torch}, diffusers {found['diffusers']}"
    if gpu and torch.endswith("+cpu"):
        return Check(
            name="renderer",
            state="warn",
            value=f"{value}: this torch cannot use the {gpu}",
            advice="install a CUDA build of torch",
        )
    return Check(name="renderer", state="ok", value=value)


def _device(gpu: str) -> Iterator[Check]:
    yield Check(name="gpu", state="ok", value=gpu or "no GPU: clips render on the CPU")
    yield Check(
        name="cpu",
        state="ok",
        value=f"{cpu()[0]}, {_cores()} cores,"
        f" {', '.join(fast_bf16()) or 'no bf16: fp32'}",
    )
    free_bytes = memory_bytes()
    if free_bytes is not None:
        enough = free_bytes >= MIN_MEMORY_BYTES
        yield Check(
            name="memory",
            state="ok" if enough else "warn",
            value=f"{free_bytes / 1e9:.1f} GB available",
            advice="" if enough else "close other kernels: a worker holds about 1.2 GB",
        )


def _runtime(settings: Settings) -> Check:
    if settings.passed_over:
        return Check(
            name="runtime",
            state="warn",
            value=f"{settings.runtime}, for XDG_RUNTIME_DIR={settings.passed_over}",
            advice="kernels with the right one start their own engine: log in again,"
            " unset it, or set NBAGENT_RUNTIME",
        )
    return Check(name="runtime", state="ok", value=str(settings.runtime))


def _engine(settings: Settings) -> Check:
    from nbagent.jobs.runtime import log_file, read_host, refuse_plain, runtime_file

    try:
        if settings.engine:
            refuse_plain(settings)
            value = f"attached to {settings.engine}"
            return Check(name="engine", state="ok", value=value)
        host = read_host(settings.runtime)
    except ModuleNotFoundError as error:
        return _missing("engine", f"it needs {error.name}: {REINSTALL}")
    except NbagentError as error:
        return _broken("engine", error)
    if host is not None:
        value = f"running, pid {host.pid}, {host.address}"
        return Check(name="engine", state="ok", value=value)
    if runtime_file(settings.runtime).exists():
        return Check(
            name="engine",
            state="warn",
            value="its host died; the next job starts a new one",
            advice=f"if it happens again, read {log_file(settings.runtime)}",
        )
    return Check(
        name="engine", state="ok", value="not running; the first job starts it"
    )


def _model(settings: Settings) -> Check:
    from nbagent.models import cards, names

    name = settings.model
    if (model := names.on_hub(name)) is not None and not names.is_here(name):
        return Check(
            name="model",
            state="warn",
            value=f"{settings.model} ({model.repo}) is not downloaded yet",
            advice=f"to fetch it now: hf download {model.repo}",
        )
    try:
        card = cards.model_card(settings.model)
        placement, refusal = _placement(card, settings)
    except NbagentError as error:
        return _broken("model", error)
    value = (
        f"{card.name} ({card.pipeline}), {card.width}x{card.height},"
        f" {card.num_frames} frames at {card.fps:g} fps"
    )
    if refusal:
        found, _, advice = refusal.partition(": ")
        return Check(name="model", state="bad", value=found, advice=advice)
    return Check(
        name="model", state="ok", value=f"{value}; {placement}" if placement else value
    )


def _numbers(settings: Settings, gpu: str) -> Check:
    """Say in which way the model's numbers hold on this processor, as it was found."""
    from nbagent.models.cards import model_card

    if settings.engine or gpu:
        where = "on a GPU" if gpu else "where clips are rendered"
        return Check(name="numbers", state="ok", value=f"not checked {where}")
    try:
        revision = model_card(settings.model).revision
    except NbagentError:  # told of the model
        revision = ""
    found = Verdicts(folder=settings.runtime).of(revision)
    ways = [(SAYS[one], found[one]) for one in SAYS if one in found]
    faults = [f"wrong in {name} ({fault})" for name, fault in ways if fault]
    if not faults:
        value = f"right in {ways[0][0]}" if ways else "checked by the first clip"
        return Check(name="numbers", state="ok", value=value)
    advice = "a different version of torch may help: pip install --upgrade torch"
    said, (surest, fault) = "; ".join(faults), ways[-1]
    if fault:
        return Check(name="numbers", state="bad", value=said, advice=advice)
    value = f"{said}: clips use {surest} instead"
    return Check(name="numbers", state="warn", value=value, advice=advice)


def _placement(card: ModelCard, settings: Settings) -> tuple[Placement | None, str]:
    """Return how the model would be put on this machine, or why it does not fit."""
    from nbagent.models.fit import choose, refusal
    from nbagent.models.memory import needs_of

    device = device_here(settings)
    if device is None:
        return None, ""
    if device.kind == "cpu":
        device = device.but(Verdicts(folder=settings.runtime).wrong(card.revision))
    needs = needs_of(card)
    placement = choose(needs, device)
    return placement, "" if placement else refusal(needs, device)


def _player() -> Check:
    absent = [name for name in BUNDLE if not (STATIC / name).is_file()]
    if absent:
        return Check(
            name="player",
            state="bad",
            value=f"not built: no {', '.join(absent)}",
            advice="in a clone: pip install -e . ; else: reinstall nbagent",
        )
    size_bytes = sum((STATIC / name).stat().st_size for name in BUNDLE)
    return Check(name="player", state="ok", value=f"built, {size_bytes / 1e3:.0f} kB")


def _kernel() -> Check:
    from nbagent.kernelspec import DISPLAY_NAME, installed, python_of

    try:
        specs = installed()
    except ModuleNotFoundError:  # jupyter_core, which comes with ipykernel
        specs = []
    if not specs:
        value = "not installed (not required): nbagent kernel install --sys-prefix"
        return Check(name="kernel", state="ok", value=value)
    python = python_of(specs[0])
    if shutil.which(python) is None:
        return Check(
            name="kernel",
            state="warn",
            value=f"{specs[0]} starts {python}, which is gone",
            advice=f"nbagent kernel remove --name {specs[0].name}, then install again",
        )
    return Check(name="kernel", state="ok", value=f"{DISPLAY_NAME} in {specs[0]}")


def _store(settings: Settings) -> Iterator[Check]:
    from nbagent.ledger.database import try_locks

    folder = settings.store
    # The store is made by the first turn: until then its place is what counts.
    place = folder
    while not os.access(place, os.F_OK):
        place = place.parent
    try:
        # Permission bits do not tell of read-only mounts, quotas or root: try it.
        with tempfile.TemporaryFile(dir=place) as probe:
            probe.write(b"\0")
            try_locks(probe, folder)
    except NbagentError as error:
        yield _broken("store", error)
    except OSError as error:
        yield Check(
            name="store",
            state="bad",
            value=f"{folder} cannot be written ({error.strerror})",
            advice="start the notebook in a folder of your own, or set NBAGENT_STORE",
        )
    else:
        note = "" if place == folder else " (the first turn creates it)"
        yield Check(name="store", state="ok", value=f"{folder}{note}")
        yield _ledger(settings)
    free_bytes = shutil.disk_usage(place).free
    enough = free_bytes >= MIN_FREE_BYTES
    yield Check(
        name="disk",
        state="ok" if enough else "warn",
        value=f"{free_bytes / 1e9:.1f} GB free",
        advice="" if enough else "free some space: there is little room for new clips",
    )


def _ledger(settings: Settings) -> Check:
    from nbagent.ledger import Ledger
    from nbagent.take import UNFINISHED

    try:
        with Ledger(settings.store, is_named=settings.store_is_named) as ledger:
            open_jobs = ledger.jobs.find(states=UNFINISHED)
    except NbagentError as error:
        return _broken("ledger", error)
    return Check(name="ledger", state="ok", value=f"{len(open_jobs)} unfinished jobs")


def _broken(name: str, error: NbagentError) -> Check:
    # Our messages say what happened, then, after a colon, what to do.
    found, _, advice = str(error).partition(": ")
    return Check(name=name, state="bad", value=found, advice=advice)


def _missing(name: str, advice: str) -> Check:
    return Check(name=name, state="bad", value="not installed", advice=advice)


def _cores() -> int:
    # A container may use fewer than the machine has.
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
