"""Compiled blocks: a network's repeated blocks, compiled once for all sizes of a clip.

Only the block is compiled, so it costs seconds and not minutes. A job with a step cache
runs its blocks as they are: the cache hooks into them, and each job would compile anew.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Final

import torch

from nbagent.system import private

# Of one block, before torch leaves its new shapes uncompiled.
MOST_COMPILES: Final = 4


def compile_blocks(networks: list[Any], backend: str | Any = "inductor") -> bool:
    """Compile each network's repeated blocks; return whether there are any.

    Sizes are symbols in what is compiled, so another clip needs no other code; the
    bound is for what differs all the same.
    """
    if "TORCHINDUCTOR_CACHE_DIR" not in os.environ:
        # Torch's own is a folder in /tmp with this user's name, which anybody may make
        # first; what is found there is run.
        folder = Path.home() / ".cache" / "nbagent" / "torchinductor"
        private.make_folder(
            folder, ("set TORCHINDUCTOR_CACHE_DIR to a folder of your own")
        )
        os.environ["TORCHINDUCTOR_CACHE_DIR"] = str(folder)
    torch._dynamo.config.recompile_limit = MOST_COMPILES  # noqa: SLF001  its name
    fit = [one for one in networks if getattr(one, "_repeated_blocks", None)]
    for network in fit:
        network.compile_repeated_blocks(dynamic=True, backend=backend)
    return bool(fit)


def set_aside(networks: list[Any]) -> list[tuple[Any, Any]]:
    """Let blocks run as they are; return what `put_back` takes."""
    compiled = [
        (module, module._compiled_call_impl)  # noqa: SLF001  torch has no other way
        for network in networks
        for module in network.modules()
        if module._compiled_call_impl is not None  # noqa: SLF001
    ]
    for module, _ in compiled:
        module._compiled_call_impl = None  # noqa: SLF001
    return compiled


def put_back(compiled: list[tuple[Any, Any]]) -> None:
    """Let blocks run compiled again."""
    for module, call in compiled:
        module._compiled_call_impl = call  # noqa: SLF001
