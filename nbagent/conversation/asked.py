"""A turn as it is heard, and the turn that a yes to an earlier question stands for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

from nbagent.acts import act_from_json
from nbagent.acts.base import Act
from nbagent.acts.plan import INTENTS, Intent, Proposal
from nbagent.conversation import consent, mentions, offers, proposals
from nbagent.conversation.clip import Clip
from nbagent.conversation.record import Record
from nbagent.errors import SpecError
from nbagent.language.state import Variable
from nbagent.ledger import Turn
from nbagent.take import Take

FindClip = Callable[[str], Clip]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A turn as it is heard: a yes is the turn that it answers, said again.

    Attributes:
        words: The user's.
        options: Those that are stated. Beside those of a line there may be a `target`,
            the clip that the turn is about whatever its words say, or `data`, the
            variable that it shows, and `acts` as JSON, which are done to that.
        variables: What the notebook holds.
        values: The variables themselves, by name; looked at only if named.
        cell_id: Of the notebook cell.
        reading: What the user says the turn is, having been asked.
        proposal: The language model's plan that the yes is to, if it is to one.
        offers: The actors that one was chosen of, if the turn has asked.
        choosers: The cells that said who was chosen; see `Plan`.
        is_tried: Whether it is only tried, as what may be offered; it offers nothing.
    """

    words: str
    options: Mapping[str, Any]
    variables: tuple[Variable, ...]
    values: Mapping[str, object]
    cell_id: str | None = None
    reading: Intent | None = None
    proposal: Proposal | None = None
    offers: tuple[str, ...] = ()
    choosers: tuple[str, ...] = ()
    is_tried: bool = False

    @property
    def is_dry(self) -> bool:
        """Whether it is only told what would be done."""
        return "dry_run" in self.options

    @property
    def known(self) -> tuple[Variable, ...]:
        """The variables, and those of any kind that the words name."""
        names = mentions.mentioned(self.words)
        if data := self.options.get("data"):
            names = (*names, str(data))
        return mentions.with_named(self.variables, names, self.values)

    @property
    def target(self) -> str | None:
        """The name or the take's id of the clip that the turn is about, if it is told."""
        return self.options.get("target")

    @property
    def acts(self) -> tuple[Act, ...]:
        """What is done to that clip, if it is told without words.

        Raises:
            SpecError: If it is no act that there is.
        """
        said = self.options.get("acts") or ()
        if not isinstance(said, Sequence) or isinstance(said, str):
            raise SpecError(f"acts must be a list of JSON objects, not {said!r:.40}")
        return tuple(map(act_from_json, said))

    @property
    def written(self) -> dict[str, Any]:
        """The options as the ledger keeps them."""
        written = dict(self.options)
        if self.proposal is not None:  # that yes was to this plan, not to any other
            written.pop("yes", None)
        return written


def about(take: Take, name: str, acts: Sequence[Act], record: Record) -> dict[str, Any]:
    """Return the options that say which clip a turn is about, and what is done to it."""
    options: dict[str, Any] = {"target": record.called(take, name)}
    if acts:
        options["acts"] = [act.to_json() for act in acts]
    return options


def call_of(name: str, acts: Sequence[Act], names: Mapping[str, str]) -> str:
    """Return acts as a line of Python, the words of a turn that was said without any.

    >>> call_of("c1", (Extend(by_s=2.0),), {})
    'c1.extend(by_s=2.0)'

    Args:
        name: Of the clip.
        acts: What is done to it.
        names: Of clips, by the ids of their takes.
    """

    def told(value: Any) -> str:
        if isinstance(value, list):
            return f"[{', '.join(map(told, value))}]"
        return (
            names[value] if isinstance(value, str) and value in names else repr(value)
        )

    calls = []
    for act in acts:
        said = act.to_json().items()
        given = ", ".join(f"{key}={told(one)}" for key, one in said if key != "act")
        calls.append(f".{act.method or act.kind}({given})")
    return name + "".join(calls)


def settled(said: Asked, record: Record) -> Asked | None:
    """Return what a turn asks where it may answer a question that was asked before.

    Args:
        said: The turn as it was said.
        record: Of the conversation.

    Returns:
        The turn, or for a yes the one that it answers; None if it declines that.
    """
    own = record.turn_of(said.cell_id)
    if "yes" in said.options:  # a button of the panel was pressed, or it is on the line
        said = replace(said, proposal=proposals.waiting(own, said.words))
    answer = consent.waiting(record, said.words)
    if answer is None:
        return _cast(said, own, record)
    earlier, given = answer
    if given == "no":
        return None
    # The turn that asked is said again in its place, so that a re-run of its cell, a
    # replay and an export have the words and not the "yes".
    return replace(
        said,
        words=earlier.text,
        options=consent.agreed({**earlier.options, **said.options}, given),
        cell_id=said.cell_id if said.is_dry else earlier.cell_id,
        reading=_reading(earlier),
        proposal=proposals.waiting(earlier, earlier.text),
    )


def _cast(said: Asked, own: Turn | None, record: Record) -> Asked | None:
    """Return a turn with who is drawn in it, if that was asked; None if nobody is to be."""
    answer = offers.waiting(record, said)
    if answer is None:
        known = offers.remembered(said, own)
        reading = _reading(own) if own and known.offers else None
        return replace(known, reading=said.reading or reading)
    earlier, given = answer
    if given == "no":
        return None
    return replace(offers.answered(earlier, said, given), reading=_reading(earlier))


def _reading(turn: Turn) -> Intent | None:
    """Return what a turn was read as by the user's choice, if it was."""
    readings = (turn.plan or {}).get("readings")
    first = readings[0] if isinstance(readings, list) and readings else None
    intent = first.get("intent") if isinstance(first, Mapping) else first
    return cast(Intent, intent) if intent in INTENTS else None
