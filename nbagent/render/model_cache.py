"""The models that a worker keeps in memory: as many as fit, the last used ones."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import replace

import torch

from nbagent.errors import JobFailed
from nbagent.models.cards import ModelCard
from nbagent.models.fit import (
    Placement,
    choose,
    has_room,
    installed_quantisers,
    refusal,
)
from nbagent.models.memory import Device, Needs, free_memory, needs_of
from nbagent.render.pipelines import Loaded, best_dtype, ladder, load
from nbagent.render.selfcheck import check_weights, fault
from nbagent.system.numerics import SAYS, Kernels, Verdicts


class Shelf:
    """Loads models where they fit, and lets the least recently used go for one more.

    Args:
        memory_bytes: What models may take on the device, together; None is what is free
            there each time that one is asked for.
        compiles: Whether networks are compiled where their placement allows it.
        verdicts: In which ways models' numbers hold here; None remembers it itself.
    """

    def __init__(
        self,
        memory_bytes: int | None = None,
        *,
        compiles: bool = False,
        verdicts: Verdicts | None = None,
    ) -> None:
        self._compiles = compiles
        self._verdicts = verdicts or Verdicts()
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
        *,
        failed: frozenset[Kernels] = frozenset(),
    ) -> Loaded:
        """Return a model, from memory or newly loaded by the best placement that fits.

        Args:
            card: The model.
            needs: What the clip at hand needs; a clip of the usual size if not given.
            user: Who keeps it here until `leave`, if anyone does.
            failed: Ways to compute it that gave no numbers for this clip.

        Raises:
            JobFailed: If no placement fits, with the numbers, it does not load, or its
                numbers hold in no way of computing them.
            SpecError: If a weight file is damaged.
        """
        needs = needs or needs_of(card)
        with self._lock:
            while self._let_go(lambda one: _is_outdated(one, card)):
                pass
            found = next(
                (o for o in self._kept if o.card == card and o.failed == failed), None
            )
            if found is not None:
                self._kept.remove(found)
                if not self._suits(found, needs):
                    # It was put there for smaller clips, or when there was less room.
                    found = None
                    _collect()
            if found is None:
                found = self._load_right(card, needs, failed)
            self._kept.append(found)
            if user is not None:
                self._users[user] = found
            return found

    def leave(self, user: Hashable) -> None:
        """Need a model no longer; no error if it never did."""
        self._users.pop(user, None)

    def _load_right(
        self, card: ModelCard, needs: Needs, failed: frozenset[Kernels]
    ) -> Loaded:
        """Load a model so that its numbers hold."""
        # A GPU's are not checked.
        verdicts = self._verdicts if here().kind == "cpu" else Verdicts()
        while True:
            wrong = failed | verdicts.wrong(card.revision)
            placement = self._placement(card, needs, wrong)
            ways = ladder(placement, here().kind)
            kernels = next((one for one in ways if one not in wrong), None)
            if kernels is None:
                raise JobFailed(_all_wrong(card, verdicts.of(card.revision)))
            if kernels != ways[0]:
                placement = replace(placement, kernels=kernels)
            loaded = load(card, placement)
            if here().kind == "cpu" and kernels not in verdicts.of(card.revision):
                if found := fault(loaded):
                    check_weights(loaded)
                verdicts.note(card.revision, kernels, found)
            if kernels not in verdicts.wrong(card.revision):
                return replace(loaded, wrong=wrong.intersection(ways), failed=failed)
            del loaded
            _collect()

    def _placement(
        self, card: ModelCard, needs: Needs, wrong: frozenset[Kernels]
    ) -> Placement:
        while True:
            device = self._device().but(wrong)
            placement = choose(needs, device)
            if placement is not None and placement.is_best:
                break
            if not self._let_go(self._is_idle):
                break
        # What a clip looks like must not depend on what is rendered beside it.
        alone = choose(needs, _without(device, self._kept))
        if alone is None:
            raise JobFailed(refusal(needs, device))
        if placement is None or placement.weights != alone.weights:
            raise JobFailed(
                f"{card.name} does not fit beside the model that is rendering now:"
                " ask again when that is done"
            )
        return placement

    def _suits(self, found: Loaded, needs: Needs) -> bool:
        """Return whether a job fits as its model lies, after others went if need be."""
        if not self._is_idle(found):
            return True  # loading it twice would help nobody
        device = self._device(found).but(found.wrong)
        while not has_room(found.placement, needs, device):
            if not self._let_go(self._is_idle):
                return False
            device = self._device(found).but(found.wrong)
        better = choose(needs, _without(device, [found]))
        return found.placement.is_best or better is None or not better.is_best

    def _is_idle(self, one: Loaded) -> bool:
        return one not in self._users.values()

    def _let_go(self, goes: Callable[[Loaded], bool]) -> bool:
        """Forget the least recently used model of a kind; return whether there was one.

        No caller may hold it: its memory must be free before it is measured.
        """
        index = next((i for i, one in enumerate(self._kept) if goes(one)), None)
        if index is None:
            return False
        del self._kept[index]
        _collect()
        return True

    def _device(self, *taken: Loaded) -> Device:
        """Look at the device; `taken` are models on it that are not on the shelf."""
        device = replace(here(), compiles=self._compiles)
        if self._memory_bytes is None:
            return device
        held = sum(one.placement.held_bytes for one in (*self._kept, *taken))
        return replace(device, free_bytes=max(0, self._memory_bytes - held))


def here() -> Device:
    """Look at the device that this process renders on."""
    kind = "cuda" if torch.cuda.is_available() else "cpu"
    host_bytes = free_memory()
    return Device(
        kind="cuda" if kind == "cuda" else "cpu",
        free_bytes=_free_on_gpu() if kind == "cuda" else host_bytes,
        host_bytes=host_bytes,
        value_bytes=best_dtype(kind).itemsize,
        packages=installed_quantisers(),
    )


def _free_on_gpu() -> int:
    # What torch keeps for itself and does not use is free to us.
    unused = torch.cuda.memory_reserved() - torch.cuda.memory_allocated()
    return torch.cuda.mem_get_info()[0] + unused


def _without(device: Device, models: Iterable[Loaded]) -> Device:
    """Return a device as it would be without some of the models on it."""
    placements = [one.placement for one in models]
    return replace(
        device,
        free_bytes=device.free_bytes + sum(one.held_bytes for one in placements),
        host_bytes=device.host_bytes + sum(one.host_bytes for one in placements),
    )


def _all_wrong(card: ModelCard, found: Mapping[Kernels, str]) -> str:
    faults = {SAYS[one]: found[one] for one in SAYS if found.get(one)}
    return (
        f"{card.name} computes wrong numbers on this processor, in"
        f" {', '.join(faults)} ({next(iter(faults.values()))}): install a different"
        " version of torch, or set NBAGENT_ENGINE to another machine"
    )


def _is_outdated(one: Loaded, card: ModelCard) -> bool:
    return one.card.name == card.name and one.card.revision != card.revision


def _collect() -> None:
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
