"""Whether a model fits a device, and how: said before anything is loaded.

The choice is a pure function of what the model needs and what the device has
(`nbagent.models.memory`), so that `nbagent doctor` and the worker decide by the same rule.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Final, Literal, NamedTuple

from nbagent.errors import SpecError
from nbagent.models.cards import model_card
from nbagent.models.catalogue import CATALOGUE
from nbagent.models.memory import Component, Device, Needs, Role, needs_of
from nbagent.models.names import is_here
from nbagent.system.numerics import Kernels

Where = Literal["resident", "model offload", "group offload"]
WeightType = Literal["own", "bf16", "int8-torchao", "fp8", "nf4"]

GB: Final = 10**9
# What nothing may touch: fragments, kernels' workspaces, and the rest of the machine.
_SPARE = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """How a model is put on a device.

    Attributes:
        where: Where its weights are while it runs.
        weights: The type they are kept in; `own` is the device's, and exact.
        held_bytes: What stays on the device between jobs.
        peak_bytes: The most that a job takes there, held weights included.
        host_bytes: What it takes of the machine's memory beside that.
        compiled: Whether its networks' blocks are compiled; they round otherwise then.
        kernels: How it is computed; None is the device's quickest way.
    """

    where: Where
    weights: WeightType
    held_bytes: int
    peak_bytes: int
    host_bytes: int
    compiled: bool = False
    kernels: Kernels | None = None

    @property
    def approximation(self) -> str:
        """What is not exact about it, in words; empty where nothing is."""
        smaller = "" if self.weights == "own" else _SMALLER[self.weights].says
        compiled = "blocks compiled" if self.compiled else ""
        return ", ".join(filter(None, (smaller, compiled)))

    @property
    def is_best(self) -> bool:
        """Whether no device could make it quicker or more exact."""
        return self.where == "resident" and self.weights == "own"

    @property
    def how(self) -> str:
        """Where its weights are, and of which type, in words."""
        return ", ".join(filter(None, (self.where, self.approximation)))

    def __str__(self) -> str:
        """Say it in a few words, with its size."""
        return f"{self.how}, {_size(self.peak_bytes)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Smaller:
    """A way to keep weights smaller than the device's own type.

    Attributes:
        bytes_each: Size of a number; a tenth is for scales and what is left out.
        text_bytes_each: Of a text encoder, if it is another: of T5's layers a fifth
            stays as it is.
        roles: The components that it is for.
        package: What it needs; empty if diffusers does it alone.
        says: How a placement names it.
    """

    bytes_each: float
    roles: frozenset[Role]
    package: str
    says: str
    text_bytes_each: float = 0.0
    devices: frozenset[str] = frozenset({"cuda", "cpu"})


_NETWORKS: Final[frozenset[Role]] = frozenset({"denoiser", "text"})
# In the order of what they cost the picture.
_SMALLER: Final[dict[WeightType, _Smaller]] = {
    "bf16": _Smaller(
        bytes_each=2,
        roles=_NETWORKS | {"other"},
        package="",
        says="in bf16, slow on this CPU",
        devices=frozenset({"cpu"}),
    ),
    "int8-torchao": _Smaller(
        bytes_each=1.1,
        roles=_NETWORKS,
        package="torchao",
        says="int8 weights by torchao",
    ),
    "fp8": _Smaller(
        bytes_each=1.1,
        roles=frozenset({"denoiser"}),
        package="",
        says="the denoiser's weights kept in fp8",
    ),
    "nf4": _Smaller(
        bytes_each=0.6,
        text_bytes_each=0.9,
        roles=_NETWORKS,
        package="bitsandbytes",
        says="4-bit weights by bitsandbytes",
        devices=frozenset({"cuda"}),
    ),
}


def choose(needs: Needs, device: Device) -> Placement | None:
    """Return the first placement that fits, from the quickest to the smallest, if any.

    Exact ones come before those that change the weights.
    """
    return next((one for one in placements(needs, device) if _fits(one, device)), None)


def placements(needs: Needs, device: Device) -> Iterator[Placement]:
    """Yield every placement that the device and its packages allow, in order."""
    yield from _ways(needs, device, "own")
    if needs.is_kept_small:
        return  # they are as small as somebody made them
    for name, smaller in _SMALLER.items():
        has_package = smaller.package in ("", *device.packages)
        is_smaller = smaller.bytes_each < device.value_bytes
        is_right = device.has_bf16 or name != "bf16"
        if device.kind in smaller.devices and has_package and is_smaller and is_right:
            yield from _ways(needs, device, name)


def has_room(placement: Placement, needs: Needs, device: Device) -> bool:
    """Return whether a job fits on a device that already holds its model in that way."""
    how = (placement.where, placement.weights)
    now = next(p for p in placements(needs, device) if (p.where, p.weights) == how)
    return now.peak_bytes - now.held_bytes <= device.free_bytes * (1 - _SPARE)


def refusal(needs: Needs, device: Device) -> str:
    """Say in one line that nothing fits, with the numbers and what does."""
    least = min(placements(needs, device), key=lambda one: one.peak_bytes)
    place = "GPU" if device.kind == "cuda" else "machine"
    line = (
        f"{needs.model} needs at least {_size(least.peak_bytes)} ({least.how}), and"
        f" this {place} has {_size(device.free_bytes)} free"
    )
    if least.host_bytes > device.host_bytes * (1 - _SPARE):
        line += (
            f"; that keeps {_size(least.host_bytes)} in main memory, and the"
            f" machine has {_size(device.host_bytes)}"
        )
    line += (
        f"; its weights take {_size(needs.values * device.value_bytes)}, a job"
        f" {_size(needs.work_bytes(device.value_bytes))}"
    )
    other = nearest(needs, device)
    return f"{line}: ask for a shorter or smaller clip" + (
        f", or use {other}, which fits" if other else ""
    )


def nearest(needs: Needs, device: Device) -> str | None:
    """Return the largest model of the catalogue, or pocket, that fits and is smaller."""
    names = (name for name in (*CATALOGUE, "pocket") if name not in _OF_PICTURES)
    others = [found for name in names if (found := _known_needs(name))]
    fit = [o for o in others if o.values < needs.values and choose(o, device)]
    return max(fit, key=lambda other: other.values).model if fit else None


def is_too_large(name: str, device: Device) -> bool:
    """Return whether no placement puts a model here, for a clip of its usual size.

    False for one of which nothing is known before it is here.
    """
    needs = usual_needs(name)
    return needs is not None and choose(needs, device) is None


def usual_needs(name: str) -> Needs | None:
    """Return what a model needs for a clip of its usual size.

    None for one of which nothing is known before it is here.
    """
    needs = _known_needs(name)
    if needs is None and name in _LIKE:
        needs = _known_needs(_LIKE[name])
    return needs


def installed_quantisers() -> frozenset[str]:
    """Return which packages are here that make weights smaller; imports none."""
    wanted = (smaller.package for smaller in _SMALLER.values() if smaller.package)
    return frozenset(name for name in wanted if find_spec(name) is not None)


def _size(size_bytes: int) -> str:
    if size_bytes < GB:
        return f"{size_bytes / 1e6:.0f} MB"
    return f"{size_bytes / GB:.1f} GB"


def _fits(placement: Placement, device: Device) -> bool:
    part = 1 - _SPARE
    on_device = placement.peak_bytes <= device.free_bytes * part
    return on_device and placement.host_bytes <= device.host_bytes * part


def _ways(needs: Needs, device: Device, weights: WeightType) -> Iterator[Placement]:
    """Yield the placements with weights of one type, from the quickest."""
    value_bytes = 2 if weights == "bf16" else device.value_bytes
    work = needs.work_bytes(value_bytes)
    sizes = [
        (p.role, _component_bytes(p, weights, value_bytes)) for p in needs.components
    ]
    whole = sum(size for _, size in sizes)
    yield Placement(
        where="resident",
        weights=weights,
        held_bytes=whole,
        peak_bytes=whole + work,
        host_bytes=0,
        # What is moved, or computed in another type than kept, is not compiled.
        compiled=device.compiles and weights == "own" and not needs.is_kept_small,
    )
    if device.kind == "cpu":  # its memory is the machine's: no place to put them aside
        return
    # Texts are encoded before there are latents.
    yield Placement(
        where="model offload",
        weights=weights,
        held_bytes=0,
        peak_bytes=max(size + (role != "text") * work for role, size in sizes),
        host_bytes=whole,
    )
    if weights != "own" or needs.is_kept_small:
        # Packages move their own tensors only whole.
        return
    stays = sum(size for role, size in sizes if role == "other")
    # One layer computes while the next one comes.
    layers = [(p.role, 2 * p.largest * value_bytes) for p in needs.components]
    yield Placement(
        where="group offload",
        weights=weights,
        held_bytes=stays,
        peak_bytes=stays + max(n + (role != "text") * work for role, n in layers),
        host_bytes=whole,
    )


def _component_bytes(
    component: Component, weights: WeightType, value_bytes: int
) -> int:
    if component.kept_bytes:
        return component.kept_bytes
    if weights == "own" or component.role not in _SMALLER[weights].roles:
        return component.values * value_bytes
    if weights == "bf16":
        return component.values * 2
    smaller = _SMALLER[weights]
    each = smaller.bytes_each
    if component.role == "text":
        each = smaller.text_bytes_each or each
    # The table of words, or the largest layer in its place, stays as it is.
    small = (component.values - component.largest) * each
    return int(small) + component.largest * value_bytes


class _Told(NamedTuple):
    """A catalogue's model in billions of parameters, and its usual step in GB (bf16)."""

    denoiser: float
    text: float
    other: float
    step_gb: float
    num_denoisers: int = 1


# Rounded, for naming one that fits before anyone has downloaded it.
_TOLD: Final[dict[str, _Told]] = {
    "wan2.1-1.3b": _Told(1.4, 5.7, 0.1, 1.8),
    "wan2.1-14b": _Told(14.3, 5.7, 0.1, 5.6),
    "wan2.2-14b": _Told(14.3, 5.7, 0.1, 5.6, num_denoisers=2),
    "wan2.2-5b": _Told(5.0, 5.7, 0.7, 6.2),
    "ltx": _Told(1.9, 4.8, 0.4, 1.3),
    "cogvideox-2b": _Told(1.7, 4.8, 0.2, 1.9),
    "cogvideox-5b": _Told(5.6, 4.8, 0.2, 3.1),
    "hunyuan": _Told(12.8, 7.6, 0.3, 15.8),
    "mochi": _Told(10.0, 4.8, 0.5, 1.8),
    # By their papers and cards; the step is that of the nearest network counted above.
    "ltx-distilled": _Told(13.0, 4.8, 0.4, 2.5),
    "ltx-2": _Told(18.9, 12.2, 1.5, 6.0),
    "hunyuan-1.5": _Told(8.3, 8.6, 1.5, 9.0),
    "kandinsky-5": _Told(2.0, 8.7, 0.3, 2.5),
    "cosmos-1": _Told(7.2, 4.8, 0.1, 5.0),
    "cosmos-2-v2w": _Told(2.0, 4.8, 0.2, 4.0),
    "cosmos-2.5": _Told(2.0, 8.3, 0.2, 4.0),
    "helios": _Told(14.3, 5.7, 0.1, 5.6),
    "sana-video": _Told(2.0, 2.6, 0.3, 2.0),
    "svd-xt": _Told(1.5, 0.6, 0.1, 4.0),
    "modelscope": _Told(1.4, 0.3, 0.1, 1.0),
}
# They begin with a picture or a clip: none is named for one that makes clips of words.
_OF_PICTURES: Final = frozenset({"cosmos-2-v2w", "svd-xt"})


# Of the same network and size, by what they are called on the hub.
_LIKE: Final[dict[str, str]] = {
    "wan2.1-vace": "wan2.1-1.3b",
    "wan2.1-i2v": "wan2.1-14b",
    "fastwan": "wan2.2-5b",
    "wan2.2-i2v": "wan2.2-14b",
    "skyreels-v2": "wan2.1-14b",
    "skyreels-v2-i2v": "wan2.1-1.3b",
    "skyreels-v2-df": "wan2.1-1.3b",
    "skyreels-v2-df-i2v": "wan2.1-1.3b",
    "ltx-i2v": "ltx",
    "ltx-0.9.5": "ltx",
    "cogvideox-5b-i2v": "cogvideox-5b",
    "hunyuan-i2v": "hunyuan",
    "ltx-2-i2v": "ltx-2",
    "ltx-2-distilled": "ltx-2",
    "ltx-2-distilled-i2v": "ltx-2",
    "hunyuan-1.5-i2v": "hunyuan-1.5",
    "hunyuan-1.5-i2v-distilled": "hunyuan-1.5",
    "kandinsky-5-distilled": "kandinsky-5",
    "kandinsky-5-i2v": "kandinsky-5",
    "cosmos-1-v2w": "cosmos-1",
    "sana-video-i2v": "sana-video",
}


def _known_needs(name: str) -> Needs | None:
    """Return what a model of the catalogue needs: counted if it is here, else as told."""
    try:
        if is_here(name):
            return needs_of(model_card(name))
    except SpecError:  # its files are damaged
        pass
    told = _TOLD.get(name)
    if told is None:
        return None

    def component(role: Role, billions: float, share_of_largest: float) -> Component:
        values = int(billions * 1e9)
        largest = int(values * share_of_largest)
        return Component(name=role, role=role, values=values, largest=largest)

    denoisers = [component("denoiser", told.denoiser, 0.01)] * told.num_denoisers
    # A fifth of a text encoder is its table of words.
    rest = component("text", told.text, 0.2), component("other", told.other, 0.1)
    return Needs(
        model=name, components=(*denoisers, *rest), step_bytes=int(told.step_gb * GB)
    )
