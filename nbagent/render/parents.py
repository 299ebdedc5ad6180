"""What a take is made from: what of it must be rendered first, and its latents."""

from __future__ import annotations

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from nbagent.errors import JobFailed
from nbagent.ledger import Ledger
from nbagent.take import Take


def missing(take: Take, ledger: Ledger) -> list[Take]:
    """Return what must be rendered for a take, in order: it is the last of them.

    The parts of a long clip, and any parent that has no clip: a recipe is enough.
    """
    needed = {one for one in take.needs if "." not in one}  # others are pictures
    parents = {parent.id: parent for parent in ledger.parents(take.id)}
    # What lies below a layer, or was not refined yet, need not be a parent.
    others = filter(ledger.has_take, needed - parents.keys())
    parents |= {one: ledger.take(one) for one in others}
    before = dict[str, Take]()
    for parent in parents.values():
        if parent.is_recut or ledger.artifact(parent.id) is not None:
            continue
        if parent.id in needed or take.operation == "redirect":
            # A run can be redirected before it was a clip, but not without what it needs.
            own = missing(parent, ledger)
            before |= {one.id: one for one in own if one.id in needed or one != parent}
    return [*before.values(), take]


def latents_of(take_id: str, ledger: Ledger) -> torch.Tensor:
    """Return the final latents of a take that was rendered.

    Raises:
        JobFailed: If they are not there, or damaged.
    """
    artifact = ledger.artifact(take_id)
    if artifact is None or artifact.latents is None:
        raise JobFailed(
            "the parent clip's latents are not in the store: render the parent again"
        )
    try:
        return load_file(ledger.path(artifact.latents))["latents"]
    except (OSError, SafetensorError, KeyError) as error:
        raise JobFailed(
            f"the parent clip's latents cannot be read ({error}):"
            " render the parent again"
        ) from error
