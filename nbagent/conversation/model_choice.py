"""The model that renders: its card, and what is to be known before it does."""

from __future__ import annotations

from nbagent.errors import SpecError
from nbagent.models.cards import ModelCard, model_card
from nbagent.models.hub import look_up, size_text
from nbagent.models.names import is_here, on_hub
from nbagent.take.caching import StepCaching


def card_of(name: str) -> tuple[ModelCard, tuple[str, ...]]:
    """Return the card of a model, and what is to come before its first step.

    Raises:
        DownloadFailed: If it is not here and cannot be fetched.
        SpecError: If there is no such model.
    """
    model = on_hub(name)
    if model is None or is_here(name):
        return model_card(name), ()
    size = sum(look_up(model).missing(model).values())
    licence = f" (licence: {model.licence})" if model.licence else ""
    return model_card(name), (
        f"{model.repo}{licence} is not here yet: {size_text(size)} will be"
        " downloaded first",
    )


def card_here(name: str) -> tuple[ModelCard | None, tuple[str, ...]]:
    """Return the card of a model as far as it is here, without asking anybody else."""
    model = on_hub(name)
    if model is None or is_here(name):
        return model_card(name), ()
    note = f"{model.repo} is not here yet: it will be downloaded first"
    try:
        return model_card(name), (note,)
    except SpecError:  # not even what describes it
        return None, (note,)


def uses(name: str) -> str:
    """Say that a model renders from now on, and what it makes."""
    card, notes = card_of(name)
    return (
        f"from now on {name} renders: {card.num_frames} frames of"
        f" {card.width}x{card.height} at {card.fps:g} fps,"
        f" {card.num_inference_steps} steps" + "".join(f"\n{n}" for n in notes)
    )


def caches(name: str, caching: StepCaching) -> str:
    """Say that a model's new clips have a step cache from now on, or none.

    Raises:
        SpecError: If the model cannot.
    """
    model_card(name).check_cache(caching)
    if not caching:
        return "step cache off: every step runs in full"
    return (
        f"step cache {caching} from now on: steps that change less than that are"
        " shortened, so clips come out faster and slightly different"
    )
