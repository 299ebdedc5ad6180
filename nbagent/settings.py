"""The one place that reads the environment.

Everything else takes a `Settings` value, so a test or a notebook can run with its own.
"""

from __future__ import annotations

import functools
import math
import os
import secrets
import stat
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, cast, get_args

from nbagent.errors import SpecError
from nbagent.system import private
from nbagent.system.locked import FILE, locked
from nbagent.take.caching import NO_CACHE, StepCaching, step_caching

Refined = Literal["output", "cell", "off"]

LLM_TIMEOUT_S: Final = 120.0
"""How long a language model may take unless it is said: a local one may be slow."""


NAMES: Final[Mapping[str, tuple[str, str]]] = {
    "cache": ("NBAGENT_STEP_CACHE", "step_cache"),
    "checkpoint": ("NBAGENT_CHECKPOINT_S", "checkpoint_s"),
    "clip_model": ("NBAGENT_CLIP_MODEL", "clip_model"),
    "compile": ("NBAGENT_COMPILE", "compiles"),
    "conversation": ("NBAGENT_CONVERSATION", "conversation"),
    "draft_above": ("NBAGENT_DRAFT_ABOVE_S", "draft_above_s"),
    "engine": ("NBAGENT_ENGINE", "engine"),
    "engine_insecure": ("NBAGENT_ENGINE_INSECURE", "takes_plain_engine"),
    "grace": ("NBAGENT_GRACE_S", "grace_s"),
    "limit": ("NBAGENT_ASK_ABOVE_S", "ask_above_s"),
    "look": ("NBAGENT_LOOK", "looks"),
    "memory_gb": ("NBAGENT_MEMORY_GB", "memory_bytes"),
    "model": ("NBAGENT_MODEL", "model"),
    "progress": ("NBAGENT_PROGRESS_S", "progress_s"),
    "store": ("NBAGENT_STORE", "store"),
    "timeout": ("NBAGENT_LLM_TIMEOUT_S", "llm_timeout_s"),
    "trust": ("NBAGENT_LLM_ACTS", "llm_acts"),
}
"""What `NbAgent` has, each with its variable and its field of `Settings`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings that a process of nbagent runs with.

    Attributes:
        store: Folder of the ledger and its files, beside the notebook.
        store_is_named: Whether the user named that folder, and so vouches for it.
        conversation: Name that turns and clips are filed under; a notebook's
            own name, so that it finds its clips again after a restart.
        notebook: The notebook that the conversation is named after, if any.
        runtime: Per-user folder of the engine host's runtime file and log (0700).
        state: Per-user folder of what outlives a restart of the machine (0700).
        passed_over: Why `runtime` is not at XDG_RUNTIME_DIR; empty if it is.
        engine: Address of a Dask scheduler to attach to; None starts nbagent's own.
        takes_plain_engine: Whether that engine may be without TLS.
        model: Default model: `pocket`, a diffusers folder, or a downloaded hub id.
        warms: Whether the engine starts, and loads its model, when nbagent is loaded.
        refined: Where a clip goes that was made by mouse: `output` of the cell that it was
            made in, a `cell` of its own below, or `off`.
        grace_s: Seconds the engine host stays after the last kernel has left.
        checkpoint_s: Seconds between checkpoints of a running job; 0 is every step.
        memory_bytes: What models may take on the device, together; None is what is
            free there when one is loaded.
        compiles: Whether networks are compiled where they can be (torch.compile).
        step_cache: The step cache of new clips.
        looks: Whether a scorer looks at finished clips, and pocket tries a new seed where
            something asked for is missing.
        clip_model: The CLIP that scores clips of models without a scorer of their own: a
            folder, or a hub id that is on this machine; empty is none.
        ask_above_s: A turn expected to take longer asks first; 0 never asks.
        draft_above_s: A turn expected to take longer shows drafts first; 0 shows none.
        llm_acts: Whether a language model may render, stop or write without the user's
            yes, beyond what the words plainly say.
        llm_timeout_s: How long a language model may take to read or answer a turn; 0 is
            as long as it needs.
        progress_s: Seconds between two lines of progress where there is only text; 0
            writes none.
        locked: Names of `NAMES` that nobody changes on this machine.
    """

    store: Path
    conversation: str
    runtime: Path
    state: Path
    store_is_named: bool = True
    passed_over: str = ""
    engine: str | None = None
    takes_plain_engine: bool = False
    model: str = "pocket"
    warms: bool = True
    refined: Refined = "output"
    grace_s: float = 60.0
    checkpoint_s: float = 2.0
    memory_bytes: int | None = None
    step_cache: StepCaching = NO_CACHE
    compiles: bool = False
    looks: bool = True
    clip_model: str = ""
    ask_above_s: float = 300.0
    draft_above_s: float = 60.0
    llm_acts: bool = False
    llm_timeout_s: float = LLM_TIMEOUT_S
    progress_s: float = 10.0
    locked: frozenset[str] = frozenset()
    notebook: Path | None = None

    @classmethod
    def from_env(
        cls,
        env: Mapping[str, str] | None = None,
        *,
        notebook: str | None = None,
        folder: Path | None = None,
        kernel: str | None = None,
    ) -> Settings:
        """Read `NBAGENT_*` (and Jupyter's session name) into a `Settings`.

        Args:
            env: The environment; None is this process's. What the machine has locked
                goes before both.
            notebook: The notebook's file, where the front end has said it.
            folder: Where this process began; None is where it is now.
            kernel: What is this kernel's alone, for one without a notebook.
        """
        locks = locked()
        env = {**(os.environ if env is None else env), **variables(locks, FILE)}
        runtime, passed_over = _runtime_folder(env)
        home = Path.cwd() if folder is None else folder
        path = _notebook(notebook or env.get("JPY_SESSION_NAME"), home)
        stated = env.get("NBAGENT_CONVERSATION")
        where = env.get("NBAGENT_REFINED") or "output"
        own = _kernel_name(os.getpid()) if kernel is None else f"kernel-{kernel}"
        beside = home if path is None else path.parent
        return cls(
            store=(beside / (env.get("NBAGENT_STORE") or ".nbagent")).absolute(),
            store_is_named=bool(env.get("NBAGENT_STORE")),
            conversation=stated or (own if path is None else path.stem),
            notebook=None if stated else path,
            runtime=runtime,
            state=_state_folder(env, runtime),
            passed_over=passed_over,
            engine=env.get("NBAGENT_ENGINE") or None,
            takes_plain_engine=bool(
                _number(env, "NBAGENT_ENGINE_INSECURE", 0.0, "0 or 1")
            ),
            model=env.get("NBAGENT_MODEL") or "pocket",
            refined=read_refined(where, f"NBAGENT_REFINED={where!r}"),
            warms=bool(_number(env, "NBAGENT_WARM", 1.0, "0 or 1")),
            grace_s=_number(env, "NBAGENT_GRACE_S", 60.0),
            checkpoint_s=_number(env, "NBAGENT_CHECKPOINT_S", 2.0),
            memory_bytes=int(
                _number(env, "NBAGENT_MEMORY_GB", 0.0, "number of GB") * 1e9
            )
            or None,
            step_cache=_step_caching(env),
            compiles=bool(_number(env, "NBAGENT_COMPILE", 0.0, "0 or 1")),
            looks=bool(_number(env, "NBAGENT_LOOK", 1.0, "0 or 1")),
            clip_model=env.get("NBAGENT_CLIP_MODEL") or "",
            ask_above_s=_number(env, "NBAGENT_ASK_ABOVE_S", 300.0),
            draft_above_s=_number(env, "NBAGENT_DRAFT_ABOVE_S", 60.0),
            llm_acts=bool(_number(env, "NBAGENT_LLM_ACTS", 0.0, "0 or 1")),
            llm_timeout_s=_number(env, "NBAGENT_LLM_TIMEOUT_S", LLM_TIMEOUT_S),
            progress_s=_number(env, "NBAGENT_PROGRESS_S", 10.0),
            locked=frozenset(locks),
        )


def variables(values: Mapping[str, Any], whose: str) -> dict[str, str]:
    """Return settings by the names of `NAMES` as the variables that say the same.

    Args:
        values: Plain values; None and an empty text say nothing.
        whose: Who says so, for the error.

    Raises:
        SpecError: If there is no such setting.
    """
    if unknown := values.keys() - NAMES.keys():
        raise SpecError(
            f"{whose} has {min(unknown)!r}, which is no setting: use one of"
            f" {', '.join(NAMES)}"
        )
    return {
        NAMES[name][0]: str(int(value)) if isinstance(value, bool) else str(value)
        for name, value in values.items()
        if value is not None and value != ""
    }


def check_unlocked(old: Settings, new: Settings) -> None:
    """Refuse a change of what is locked on this machine.

    Raises:
        SpecError: If it is one.
    """
    for name in old.locked:
        field = NAMES[name][1]
        if getattr(old, field) != getattr(new, field):
            raise SpecError(
                f"{name} is locked on this machine (by {FILE}): ask whoever looks after"
                " it"
            )


def _notebook(told: str | None, folder: Path) -> Path | None:
    """Return the notebook's path; headless runners (nbval, papermill) tell of none."""
    if not told:
        return None
    path = Path(told)
    # As the server sees it: on another machine, or from another root. There its kernel
    # begins in the notebook's folder.
    return path if path.is_absolute() and path.parent.is_dir() else folder / path.name


@functools.cache
def _kernel_name(process: int) -> str:
    """Return a name for this process that no other one has, though its number may be."""
    return f"kernel-{time.strftime('%Y%m%d-%H%M%S')}-{process}-{secrets.token_hex(2)}"


def _runtime_folder(env: Mapping[str, str]) -> tuple[Path, str]:
    """Return the folder, and why it is not where XDG_RUNTIME_DIR says."""
    if named := env.get("NBAGENT_RUNTIME"):
        return Path(named).absolute(), ""
    base = env.get("XDG_RUNTIME_DIR")
    if not base:
        return _of_this_machine(), ""
    # It outlives its session in a screen, a container and behind `su`, where it is gone
    # or is another user's.
    try:
        status = Path(base).stat()
    except OSError as error:
        return _of_this_machine(), f"{base} ({error.strerror})"
    if not stat.S_ISDIR(status.st_mode):
        return _of_this_machine(), f"{base} (it is not a folder)"
    if not private.is_own(status):
        return _of_this_machine(), f"{base} (it belongs to another user)"
    return Path(base).absolute() / "nbagent", ""


def _state_folder(env: Mapping[str, str], runtime: Path) -> Path:
    if base := env.get("XDG_STATE_HOME"):
        return Path(base).absolute() / "nbagent"
    try:
        return Path.home() / ".local" / "state" / "nbagent"
    except RuntimeError:  # a user without a home
        return runtime


def _of_this_machine() -> Path:
    # A name that anybody may guess, and take first: `private` looks at what is there.
    return Path(tempfile.gettempdir()) / f"nbagent-{os.getuid()}"


def read_refined(text: str, said: str) -> Refined:
    """Return where clips go that are made by mouse.

    Args:
        text: What the user wrote.
        said: How they wrote it, for the error.

    Raises:
        SpecError: If there is no such place.
    """
    if text not in get_args(Refined):
        places = ", ".join(get_args(Refined))
        raise SpecError(f"{said} is no place for clips: use one of {places}")
    return cast(Refined, text)


def _step_caching(env: Mapping[str, str]) -> StepCaching:
    text = env.get("NBAGENT_STEP_CACHE") or "0"
    try:
        return step_caching(text)
    except SpecError as error:
        raise SpecError(
            f"NBAGENT_STEP_CACHE={text!r} is not a step cache: use 0 or more, like 0.1 or"
            " sea:0.4"
        ) from error


def _number(
    env: Mapping[str, str],
    name: str,
    default: float,
    what: str = "number of seconds",
) -> float:
    text = env.get(name)
    if not text:
        return default
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not (math.isfinite(value) and value >= 0):
        raise SpecError(f"{name}={text!r} is not a valid {what}: use 0 or more")
    return value
