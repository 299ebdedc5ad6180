"""The models that a worker keeps in memory: as many as fit, the last used ones."""

from __future__ import annotations

import gc
import threading
from collections.abc import Hashable, Iterable
from dataclasses import replace

import torch

from nbagent.errors import JobFailed
from nbagent.fit import choose, has_room, installed_quantisers, refusal
from nbagent.memory import Device, Needs, free_memory, needs_of
from nbagent.models import ModelCard
from nbagent.render.pipelines import Loaded, best_dtype, load


class Shelf:
    """Loads models by plan, and lets the least recently used go when one more needs room.

    Args:
        memory_bytes: What models may take on the device, together; None is what is free
            there each time that one is asked for.
    """

    def __init__(self, memory_bytes: int | None = None) -> None:
        self._memory_bytes = memory_bytes
        self._users: dict[Hashable, Loaded] = {}  # what jobs run on stays
        self._kept: list[Loaded] = []  # the last used one at the end
        self._lock = threading.Lock()

    @property
    def kept(self) -> tuple[Loaded, ...]:
        """The models in memory, the last used one at the end."""
        return tuple(self._kept)

    def get(
        self,
        card: ModelCard,
        needs: Needs | None = None,
        user: Hashable | None = None,
    ) -> Loaded:
        """Return a model, from memory or newly loaded by the best plan that fits.

        Args:
            card: The model.
            needs: What the clip at hand needs; a clip of the usual size if not given.
            user: Who keeps it here until `leave`, if anyone does.

        Raises:
            JobFailed: If no plan fits, with the numbers, or it does not load.
            SpecError: If a weight file is damaged.
        """
        needs = needs or needs_of(card)
        with self._lock:
            found = next((one for one in self._kept if one.card == card), None)
            for one in [o for o in self._kept if _is_outdated(o, card)]:
                self._drop(one)
            if found is None:
                found = self._load(card, needs)
            elif not self._make_room(needs, found) or self._has_outgrown(found, needs):
                # It was put there for smaller clips, or when there was less room.
                self._drop(found)
                found = self._load(card, needs)
            else:
                self._kept.remove(found)
            self._kept.append(found)
            if user is not None:
                self._users[user] = found
            return found

    def leave(self, user: Hashable) -> None:
        """Need a model no longer; no error if it never did."""
        self._users.pop(user, None)

    def _load(self, card: ModelCard, needs: Needs) -> Loaded:
        while True:
            device = self._device()
            plan = choose(needs, device)
            idle = self._idle()
            if idle is None or (plan is not None and plan.is_best):
                break
            self._drop(idle)
        # What a clip looks like must not depend on what is rendered beside it.
        alone = choose(needs, _without(device, self._kept))
        if alone is None:
            raise JobFailed(refusal(needs, device))
        if plan is None or plan.weights != alone.weights:
            raise JobFailed(
                f"{card.name} has no room beside the model that another job runs on:"
                " ask again when that is done"
            )
        return load(card, plan)

    def _has_outgrown(self, found: Loaded, needs: Needs) -> bool:
        """Return whether there is room now for a better plan than a model's."""
        if found.plan.is_best or found in self._users.values():
            return False
        plan = choose(needs, _without(self._device(), [found]))
        return plan is not None and plan.is_best

    def _make_room(self, needs: Needs, found: Loaded) -> bool:
        """Let others go until a job fits beside its model; return whether it does."""
        while not has_room(needs, self._device()):
            idle = self._idle(found)
            if idle is None:
                return (
                    found in self._users.values()
                )  # loading it twice would help nobody
            self._drop(idle)
        return True

    def _idle(self, *but: Loaded) -> Loaded | None:
        """Return the least recently used model that no job runs on."""
        stay = (*self._users.values(), *but)
        return next((one for one in self._kept if one not in stay), None)

    def _drop(self, one: Loaded) -> None:
        self._kept.remove(one)
        del one
        _collect()

    def _device(self) -> Device:
        device = here()
        if self._memory_bytes is None:
            return device
        held = sum(one.plan.held_bytes for one in self._kept)
        return replace(device, free_bytes=max(0, self._memory_bytes - held))


def here() -> Device:
    """Look at the device that this process renders on."""
    kind = "cuda" if torch.cuda.is_available() else "cpu"
    host_bytes = free_memory()
    return Device(
        kind="cuda" if kind == "cuda" else "cpu",
        free_bytes=torch.cuda.mem_get_info()[0] if kind == "cuda" else host_bytes,
        host_bytes=host_bytes,
        value_bytes=best_dtype(kind).itemsize,
        packages=installed_quantisers(),
    )


def _without(device: Device, models: Iterable[Loaded]) -> Device:
    """Return a device as it would be without some of the models on it."""
    plans = [one.plan for one in models]
    return replace(
        device,
        free_bytes=device.free_bytes + sum(plan.held_bytes for plan in plans),
        host_bytes=device.host_bytes + sum(plan.host_bytes for plan in plans),
    )


def _is_outdated(one: Loaded, card: ModelCard) -> bool:
    return one.card.name == card.name and one.card.revision != card.revision


def _collect() -> None:
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
