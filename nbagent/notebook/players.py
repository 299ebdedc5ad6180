"""The players of a conversation: of a turn that renders, and of clips that are there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from nbagent.errors import SpecError

if TYPE_CHECKING:
    from nbagent.conversation.clip import Clip
    from nbagent.conversation.rendering import Rendering
    from nbagent.conversation.reply import Reply
    from nbagent.conversation.session import Session
    from nbagent.notebook.desk import Desk
    from nbagent.notebook.keeping import Keeping
    from nbagent.notebook.player import Player
    from nbagent.notebook.transcript import Transcript
    from nbagent.take import Take


@dataclass(frozen=True, slots=True, kw_only=True)
class Players:
    """Makes them.

    Attributes:
        session: The conversation.
        transcript: It, as panels see it.
        desk: Returns what answers players about all of its clips.
    """

    session: Session
    transcript: Transcript
    desk: Callable[[], Desk]

    def of_turn(self, reply: Reply, rendering: Rendering, keeping: Keeping) -> Player:
        """Return the player of a turn that begins to render."""
        from nbagent.notebook.player import Player

        turn = self.transcript.session.ledger.turns.get(reply.turn_id)
        return Player(
            rendering,
            self.desk(),
            self.transcript.views(rendering),
            request=reply.words,
            note=self.transcript.note(turn, reply.takes),
            keeping=keeping,
        )

    def of(self, clip: Clip, keeping: Keeping | None = None) -> Player:
        """Return a player of a clip of this conversation.

        Raises:
            SpecError: If it is of another one: its name means another clip here.
        """
        from nbagent.notebook.kept import Kept
        from nbagent.notebook.player import Player

        name = self.session.record.called(self._take_of(clip), clip.name)
        turn = self.transcript.turn_of(name)
        return Player(
            Kept(self.session, [name]),
            self.desk(),
            turn["takes"],
            request=turn["words"],
            note=turn["note"],
            keeping=keeping,
        )

    def again(self, clips: Sequence[Clip]) -> list[Callable[[Keeping], Player]]:
        """Return what makes the players of those clips that were rendered.

        Raises:
            SpecError: If one is of another conversation.
        """
        artifact = self.session.ledger.artifact
        return [
            partial(self.of, clip)
            for clip in clips
            if artifact(self._take_of(clip).id) is not None
        ]

    def _take_of(self, clip: Clip) -> Take:
        """Return the take of a clip of this conversation."""
        if clip.is_opened:
            take = self.session.taken(clip)
            if take.id not in self.session.record.names():
                raise SpecError(
                    f"{clip.name} was opened from a file and has no name here yet:"
                    " use it in a turn first, like %agent @clip slower"
                )
            return take
        name = clip.take and self.session.record.called(clip.take, clip.name)
        if clip.take is None or name == clip.take.id:
            raise SpecError(
                f"{clip.name} belongs to a different conversation: switch to it"
                " with %nbagent conversation NAME, then show the clip"
            )
        return clip.take
