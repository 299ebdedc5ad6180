"""What a panel does in the conversation: says turns, and follows them to their end.

A turn of the panel is heard in the thread that asks, and rendered beside the cells: the
kernel's main thread is never needed, so the panel goes on while a cell runs.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from nbagent.errors import NbagentError
from nbagent.notebook.border import one_line
from nbagent.notebook.options import parse
from nbagent.notebook.transcript import PANEL_CELL, Transcript

if TYPE_CHECKING:
    from nbagent.conversation.rendering import Rendering
    from nbagent.conversation.session import Reply


class Chat:
    """The panel's hands: one conversation, and the variables of its notebook.

    Args:
        transcript: Of the session; told of all that happens here.
        namespace: The notebook's variables.
    """

    def __init__(self, transcript: Transcript, namespace: Mapping[str, Any]) -> None:
        self.transcript = transcript
        self.session = transcript.session
        self._namespace = namespace

    def say(self, line: str) -> int:
        """Say a turn and return its number; what it asks for is rendered meanwhile.

        Raises:
            NbagentError: If it could not even be written down.
        """
        from nbagent.conversation.context import variables

        options, words = parse(_bare(line))
        cell_id = f"{PANEL_CELL}{uuid4().hex}"
        try:
            reply = self.session.hear(
                words,
                options,
                cell_id=cell_id,
                variables=variables(self._namespace),
                values=self._namespace,
            )
        except NbagentError:
            turn_id = self._recorded(cell_id)
            if turn_id is None:
                raise
            return turn_id  # the thread shows its error
        finally:
            self.transcript.refresh()
        if reply.answer is None:
            rendering = self.session.render(reply)
            self.transcript.began(reply, rendering)
            _start(self._follow, reply, rendering)
        return reply.turn_id

    def stop(self) -> str:
        """Stop everything that is being rendered; say what."""
        return self.session.cancel()

    def _follow(self, reply: Reply, rendering: Rendering) -> None:
        """Render a turn, and record how it ended."""
        try:
            rendering.start(partial(self.transcript.went_on, reply.turn_id))
            rendering.wait()
        except Exception as error:  # noqa: BLE001  the border: nobody else would hear
            self.session.close_turn(reply, error=one_line(error))
        else:
            self.session.close_turn(reply, rendering.clips)
        finally:
            self.transcript.ended(reply.turn_id)

    def _recorded(self, cell_id: str) -> int | None:
        turns = self.session.ledger.turns(self.session.settings.conversation)
        return next((turn.id for turn in turns if turn.cell_id == cell_id), None)


def _bare(line: str) -> str:
    """Return a line without the magic's name, which fingers type by habit."""
    words = line.lstrip()
    for magic in ("%%agent", "%agent"):
        if words.startswith(magic):
            return words[len(magic) :]
    return words


def _start(work: Callable[..., None], *args: object) -> None:
    threading.Thread(target=work, args=args, name="nbagent-turn", daemon=True).start()
