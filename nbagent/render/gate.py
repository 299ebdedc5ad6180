"""The gate: a pipeline class of a job's own, which asks the job's hook at each turn.

    interrupt        read at the head of each step: whether to pass over it
    prepare_latents  may return latents of the hook's
    encode_prompt    looks first whether a text was encoded before

No state here: a gated pipeline carries its `nbagent_hook`.
"""

from __future__ import annotations

import functools
import inspect
from typing import Any

from nbagent.render.device_noise import DrawnWhereItsGeneratorIs
from nbagent.render.loop import loop_of

# The sound of LTX-2 is denoised beside the clip.
_STREAMS = ("prepare_audio_latents",)


@functools.cache
def gated(base: Any) -> Any:
    """Return a pipeline class with the gate, the injection and a memory for texts."""

    @property  # type: ignore[misc]
    def interrupt(self: Any) -> bool:
        return bool(self.nbagent_hook.skip())

    @functools.wraps(base.prepare_latents)
    def prepare_latents(self: Any, *args: Any, **kwargs: Any) -> Any:
        return self.nbagent_hook.inject(base.prepare_latents(self, *args, **kwargs))

    def stream(prepare: Any) -> Any:
        @functools.wraps(prepare)
        def prepared(self: Any, *args: Any, **kwargs: Any) -> Any:
            return self.nbagent_hook.inject_stream(prepare(self, *args, **kwargs))

        return prepared

    members: dict[str, Any] = {
        "interrupt": interrupt,
        "prepare_latents": prepare_latents,
    }
    if hasattr(base, "encode_prompt"):
        members["encode_prompt"] = _remembering(base.encode_prompt)
    if loop_of(base).draws:
        members["__call__"] = _drawing(base.__call__)
    for name in _STREAMS:
        if hasattr(base, name):
            members[name] = stream(getattr(base, name))
    return type(base.__name__, (base,), members)


def on_step_end(
    pipe: Any, _index: int, _timestep: Any, values: dict[str, Any]
) -> dict[str, Any]:
    """Hand a finished step to the hook; the pipeline's `callback_on_step_end`."""
    pipe.nbagent_hook.finished(values["latents"])
    return values


def _drawing(base: Any) -> Any:
    """Return a `__call__` whose noise comes from the job's generator on any device."""

    @functools.wraps(base)
    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        with DrawnWhereItsGeneratorIs():
            return base(self, *args, **kwargs)

    return call


def _remembering(base: Any) -> Any:
    """Return an `encode_prompt` that looks first whether the text was encoded before."""
    signature = inspect.signature(base)

    @functools.wraps(base)
    def encode_prompt(self: Any, *args: Any, **kwargs: Any) -> Any:
        def encode() -> Any:
            return base(self, *args, **kwargs)

        texts = self.nbagent_hook.texts
        if texts is None:
            return encode()
        given = dict(signature.bind(self, *args, **kwargs).arguments)
        del given["self"]
        return texts.get(given, encode)

    return encode_prompt
