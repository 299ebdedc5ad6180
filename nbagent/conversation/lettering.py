"""Texts of a turn before anything is made: their fonts, whether they fit, when they show."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from nbagent.acts import Act, act_of
from nbagent.acts.lettering import Lettering
from nbagent.acts.plan import Plan
from nbagent.acts.text import texts_of
from nbagent.conversation.sources import Sources
from nbagent.take import Take

_SHAPING: Final = frozenset(
    {"crop", "resize"}
)  # effects after which a frame is another


def with_fonts(plan: Plan) -> tuple[Plan, tuple[str, ...]]:
    """Return a plan whose texts have fonts with all of their letters, and what is said.

    matplotlib's own font is drawn alike everywhere. Where it lacks a letter, the first font
    of this machine that has them all is named in the recipe.
    """
    notes, acts = list[str](), list[Act]()
    for act in plan.acts:
        if isinstance(act, Lettering) and act.text:
            from nbagent.charts import fonts

            if found := fonts.substitute(act.text, act.font):
                lost = fonts.lacks(act.text, act.font)
                notes.append(f"{lost}: the {act.of_text} uses {found} instead.")
                act = replace(act, font=found)
        acts.append(act)
    return (replace(plan, acts=tuple(acts)) if notes else plan), tuple(notes)


def check(takes: Sequence[Take], sources: Sources) -> tuple[str, ...]:
    """Refuse texts that cannot be drawn, and return what is to be said of the others.

    Raises:
        SpecError: If a letter has no glyph, or a text does not fit.
    """
    lettered = [take for take in takes if take.is_lettered]
    return tuple(dict.fromkeys(n for take in lettered for n in _checked(take, sources)))


def _checked(take: Take, sources: Sources) -> Iterator[str]:
    from nbagent.charts import lettering

    texts, clip = texts_of(take), sources.clip
    height, width, seconds = take.height, take.width, take.num_frames / take.fps
    if take.operation == "derive" and clip is not None:
        height, width, seconds = clip.height, clip.width, clip.duration_s
    if not any(effect.kind in _SHAPING for effect in take.effects):
        lettering.check(texts, height, width)
    for effect in take.effects:
        seconds = act_of(effect).lasts(seconds)
    for text in texts:
        if text.start_s >= seconds:
            yield (
                f"{text} begins at {text.start_s:g} s, after the clip's end"
                f" ({seconds:g} s), so it is never seen."
            )
