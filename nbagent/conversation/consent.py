"""The question before a turn that takes long, and what may be answered to it.

It is asked only where history says how long: never on a guess.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, Literal, cast, get_args

from nbagent.conversation.estimates import Estimates
from nbagent.conversation.record import Record
from nbagent.conversation.reply import Reply
from nbagent.errors import SpecError
from nbagent.language import grammar
from nbagent.ledger import Turn
from nbagent.models.cards import ModelCard
from nbagent.settings import Settings
from nbagent.take import Operation, Take
from nbagent.take.caching import StepCaching
from nbagent.take.typed import with_tuples

Consent = Literal["yes", "draft", "no"]

CHOICES: Final[dict[Consent, str]] = {
    "yes": "Go on",
    "draft": "A draft instead",
    "no": "Cancel",
}
"""The answers as buttons."""

_WHOLE: Final[frozenset[Operation]] = frozenset({"generate", "animate"})


def asked(turn: Turn) -> tuple[Consent, ...]:
    """Return the answers that a turn waits for; none if it asked for no consent."""
    said = (turn.plan or {}).get("consents")
    said = said if isinstance(said, list | tuple) else ()  # the store may be anybody's
    return tuple(cast(Consent, one) for one in get_args(Consent) if one in said)


def waiting(record: Record, words: str) -> tuple[Turn, Consent] | None:
    """Return the turn that these words answer, and how; None if they are no answer."""
    answer = grammar.answer(words)
    said = record.ledger.turns.of(record.conversation) if answer else ()
    turns = [turn for turn in said if "dry_run" not in turn.options]
    if answer is None or not turns or answer not in asked(turns[-1]):
        return None
    return turns[-1], answer


def agreed(options: Mapping[str, Any], answer: Consent) -> dict[str, Any]:
    """Return the options of a turn after its question was answered."""
    options = restored(options)
    if answer == "draft":
        options = {k: v for k, v in options.items() if k not in ("final", "steps")}
        options["draft"] = True
    return {**options, "yes": True}


def restored(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return options that may have been JSON in between as they were.

    Raises:
        SpecError: If they cannot have been.
    """
    options = with_tuples(options)
    if "cache" in options:
        try:
            options["cache"] = StepCaching(*options["cache"])
        except TypeError as error:  # as only a store that came from elsewhere has it
            raise SpecError(
                f"--cache was {options['cache']!r:.40}, which is not a step cache:"
                " say the turn again"
            ) from error
    return options


def weigh(
    reply: Reply,
    options: Mapping[str, Any],
    card: ModelCard,
    estimates: Estimates,
    settings: Settings,
) -> Reply:
    """Return the reply as it is, as a question, or with drafts to be shown first."""
    work = (*reply.parts, *reply.takes)
    seconds = estimates.total(work)
    if seconds is None:
        return reply
    if "yes" not in options and 0 < settings.ask_above_s < seconds:
        drafts = _drafts(work, card.draft_steps)
        answers: tuple[Consent, ...] = (
            ("yes", "draft", "no") if drafts else ("yes", "no")
        )
        return replace(
            reply,
            plan=replace(reply.plan, intent="ask", consents=answers),
            answer=_question(work, drafts, estimates, seconds),
            takes=(),
            parts=(),
        )
    if "steps" in options or not 0 < settings.draft_above_s < seconds:
        return reply
    whole = [take for take in reply.takes if take.operation in _WHOLE]
    drafts = _drafts(whole, card.draft_steps)
    # Not what the final is made from: that would make it another clip on a slow machine.
    pairs = zip(whole, drafts, strict=False)
    return replace(reply, drafts={take.id: draft for take, draft in pairs})


def before_deleting(reply: Reply, names: Sequence[str]) -> Reply:
    """Return a question in place of clips that are removed for good."""
    clips = ", ".join(names)
    answer = (
        f"This deletes {clips} with {'its file' if len(names) == 1 else 'their files'}:"
        " say 'yes' to go on, 'no' to keep them, or begin the turn with --yes"
    )
    plan = replace(reply.plan, intent="ask", consents=("yes", "no"))
    return replace(reply, plan=plan, answer=answer)


def _drafts(takes: Sequence[Take], draft_steps: int) -> tuple[Take, ...]:
    """Return the drafts of takes; none if one of them cannot be had quicker."""
    made = [take for take in takes if not take.is_recut]
    if any(
        take.quality == "draft"
        or take.operation == "redirect"
        or take.num_inference_steps <= draft_steps
        for take in made
    ):
        return ()
    return tuple(
        replace(take, quality="draft", num_inference_steps=draft_steps) for take in made
    )


def _question(
    work: Sequence[Take],
    drafts: Sequence[Take],
    estimates: Estimates,
    seconds: float,
) -> str:
    count = sum(estimates.seconds(take) != 0 for take in work)
    draft = ""
    if drafts:
        draft_s = estimates.total(drafts)
        about = "" if draft_s is None else f" (about {told(draft_s)})"
        draft = f", 'draft' for a draft instead{about}"
    return (
        f"This takes about {told(seconds)} here, going by earlier takes"
        f" ({seconds:,.0f} device-seconds, {count}"
        f" {'take' if count == 1 else 'takes'}): say 'yes' to go on{draft}, 'no' to"
        " cancel, or begin the turn with --yes"
    )


def told(seconds: float) -> str:
    """Say how long something takes: `41 s`, `12 min`, `3.5 h`."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    if seconds < 7200:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"
