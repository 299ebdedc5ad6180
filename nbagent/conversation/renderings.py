"""The turns of a conversation that are rendered: begun, once more, or left unfinished."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from nbagent.conversation.asked import FindClip
from nbagent.conversation.brought import first_named
from nbagent.conversation.engine import Engine
from nbagent.conversation.record import Record
from nbagent.conversation.rendering import Rendering
from nbagent.conversation.reply import Reply
from nbagent.conversation.running import Running
from nbagent.errors import SpecError
from nbagent.ledger import ClipRow
from nbagent.settings import Settings
from nbagent.take import Take


@dataclass(frozen=True, slots=True, kw_only=True)
class Renderings:
    """Makes renderings of the turns that a conversation has.

    Attributes:
        record: The conversation.
        engine: What renders.
        settings: Of the session, as they are now.
        clip: Finds a clip by its name.
    """

    record: Record
    engine: Engine
    settings: Settings
    clip: FindClip

    def begin(self, reply: Reply) -> Rendering:
        """Name the takes of a reply and return them ready to start."""
        ledger, here = self.record.ledger, self.record.conversation
        for part in (*reply.parts, *reply.drafts.values()):
            ledger.add_take(part)
        for take_id in first_named(reply, self.record):
            ledger.add_clip(here, reply.turn_id, take_id)
        rows = [
            ledger.add_clip(here, reply.turn_id, ledger.add_take(take))
            for take in reply.takes
        ]
        rendering = self._of(reply.turn_id, rows, reply.drafts)
        rendering.enlist()
        return rendering

    def again(self, turn_id: int) -> Rendering:
        """Return a turn whose clips were not all rendered, ready to start again.

        Raises:
            SpecError: If none of its clips is there any more.
        """
        rows = [row for row in self.record.made() if row.turn_id == turn_id]
        if not rows:
            raise SpecError("this turn was replaced by a newer one: run its cell again")
        rendering = self._of(turn_id, rows)
        rendering.enlist()
        return rendering

    def unfinished(self) -> dict[int, Rendering]:
        """Return the turns that an earlier kernel left unfinished, to be rejoined."""
        if self.engine.lacks():
            return {}
        active = Running(self.record, self.engine, self.settings).taken()
        rows: dict[int, list[ClipRow]] = {}
        for row in self.record.made():
            rows.setdefault(row.turn_id, []).append(row)
        return {
            turn_id: self._of(turn_id, of_turn)
            for turn_id, of_turn in rows.items()
            if active & {row.take_id for row in of_turn}
        }

    def _of(
        self,
        turn_id: int,
        rows: Sequence[ClipRow],
        drafts: Mapping[str, Take] = MappingProxyType({}),
    ) -> Rendering:
        return Rendering(
            ledger=self.record.ledger,
            engine=self.engine,
            settings=self.settings,
            turn_id=turn_id,
            takes=[self.record.ledger.take(row.take_id) for row in rows],
            clips=[self.clip(row.name) for row in rows],
            drafts=drafts,
        )
