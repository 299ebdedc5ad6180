"""What the names of one turn stand for: a variable behind an `@`, and clips otherwise.

A `Clip` value is known by its take and never by its name: `@x` of another conversation, or
of a file called `c1.mp4`, is that clip and not this conversation's c1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from nbagent.acts.plan import Plan
from nbagent.conversation.brought import Brought
from nbagent.conversation.clip import Clip
from nbagent.conversation.record import Record
from nbagent.language.state import ClipInfo, State, Variable
from nbagent.take import Take

_STILLS: Final = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff")


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """The names of a notebook and a conversation, as one turn finds them.

    Attributes:
        record: The conversation.
        brought: Takes of clips that are of no conversation.
        clips: The `Clip` variables of the notebook, by their names.
    """

    record: Record
    brought: Brought
    clips: Mapping[str, Clip]

    @classmethod
    def of(
        cls, values: Mapping[str, object], record: Record, brought: Brought
    ) -> Names:
        """Return the names of a notebook; nothing of a clip is read."""
        clips = {
            name: value
            for name, value in list(values.items())
            if isinstance(value, Clip) and not name.startswith("_")
        }
        return cls(record=record, brought=brought, clips=clips)

    @property
    def strangers(self) -> dict[str, Clip]:
        """The variables whose clips are not of this conversation."""
        return {name: clip for name, clip in self.clips.items() if not self._own(clip)}

    def among(self, state: State) -> State:
        """Return what a turn is read against, with the clips of variables in it."""
        infos = [
            _info(name, clip)
            for name, clip in self.strangers.items()
            if not state.clip(name)  # there the bare name is the conversation's
        ]
        variables = tuple(map(self._with_ref, state.variables))
        return replace(state, clips=(*infos, *state.clips), variables=variables)

    def settled(self, plan: Plan) -> Plan:
        """Return a plan whose targets are called as the conversation calls them."""
        targets = tuple(self.ref(name, plan) for name in plan.targets)
        return replace(plan, targets=targets)

    def ref(self, name: str, plan: Plan) -> str:
        """Return the conversation's name for what a name of a turn stands for."""
        clip = self._variable(name, plan)
        if clip is not None:
            return self._own(clip) or name
        row = next((r for r in self.record.rows() if _is_called(r.alias, name)), None)
        return row.name if row else name

    def named(self, plan: Plan) -> dict[str, Clip]:
        """Return the clips of elsewhere that a plan is about, by their variables."""
        names = (*plan.targets, *plan.mentions)
        found = {name: self._variable(name, plan) for name in names}
        return {n: c for n, c in found.items() if c is not None and not self._own(c)}

    def take(self, name: str, plan: Plan) -> Take:
        """Return the take that a name of a turn stands for.

        Raises:
            UnknownClip: If nothing carries it.
        """
        name = name.removeprefix("@")
        clip = self._variable(name, plan)
        if clip is None:
            return self.record.take(name)
        own = self._own(clip)
        return self.record.take(own) if own else self.brought.take(clip)

    def _variable(self, name: str, plan: Plan) -> Clip | None:
        """Return the clip of a variable that a name of a turn stands for, if it does."""
        if name in plan.mentions or name not in self.record.names_to_takes():
            return self.clips.get(name)
        return None

    def _own(self, clip: Clip) -> str | None:
        """Return what a clip is called in this conversation, if it is one of it."""
        take = self.brought.known(clip) if clip.is_opened else clip.take
        if take is None:
            return None
        name = self.record.called(take, "" if clip.is_opened else clip.name)
        return None if name == take.id else name

    def _with_ref(self, variable: Variable) -> Variable:
        clip = self.clips.get(variable.name)
        if clip is None:
            return variable
        return replace(variable, ref=self._own(clip) or variable.name)


def _is_called(alias: str | None, name: str) -> bool:
    return (alias or "").casefold() == name.casefold()


def info_of(name: str, take: Take) -> ClipInfo:
    """Return what a turn is told of a take that has no name in the conversation."""
    return ClipInfo(
        ref=name,
        kind="image" if take.media == "image" else "video",
        caption=take.prompt,
        duration_s=take.num_frames / take.fps,
        fps=take.fps,
        seed=take.seed,
    )


def _info(name: str, clip: Clip) -> ClipInfo:
    take = clip.take  # its frames are not read to be listed
    if take is None:
        is_still = clip.path.suffix.lower() in _STILLS
        return ClipInfo(ref=name, kind="image" if is_still else "video")
    return info_of(name, take)
