"""What a panel does in the conversation: says turns, and follows them to their end.

A turn of the panel is heard in the thread that asks, and rendered beside the cells: the
kernel's main thread is never needed, so the panel goes on while a cell runs.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, cast
from uuid import uuid4

from nbagent.acts.plan import Intent
from nbagent.catalogue import CATALOGUE
from nbagent.conversation import answers, choices, consent
from nbagent.conversation.context import variables
from nbagent.conversation.rendering import Rendering
from nbagent.conversation.reply import Reply
from nbagent.errors import NbagentError, SpecError
from nbagent.fit import is_too_large
from nbagent.machine import device_here
from nbagent.models import is_here
from nbagent.notebook.border import one_line
from nbagent.notebook.completion import complete
from nbagent.notebook.export import export
from nbagent.notebook.line import parse
from nbagent.notebook.panel_wire import ModelView
from nbagent.notebook.transcript import PANEL_CELL, Transcript
from nbagent.pocket import vocabulary
from nbagent.take import Take

_WHOLE: Mapping[str, Any] = {}
MAX_CANDIDATES = 20  # more than that is scrolled past, not read


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreseen:
    """What a turn would do; `seconds` is known only from clips of that size."""

    does: str
    takes: tuple[Take, ...]
    notes: tuple[str, ...]
    seconds: float | None


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

    def say(
        self,
        line: str,
        replaces: int | None = None,
        reading: str | None = None,
        *,
        about: str | None = None,
        part: Mapping[str, Any] = _WHOLE,
    ) -> int:
        """Say a turn and return its number; what it asks for is rendered meanwhile.

        Args:
            line: Options, then words.
            replaces: An earlier turn of the panel, which this one stands in for.
            reading: What the user chose, having been asked: an intent, a consent, or an
                actor of pocket's.
            about: A clip that the turn changes, whatever its words say.
            part: The `span` and `region` of it that are changed, if not all of it is.

        Raises:
            NbagentError: If it could not even be written down.
        """
        if reading == "no":  # the question stays as it is
            line, replaces, reading = "no", None, None
        options, words, notes = parse(_bare(line))
        if reading in consent.CHOICES:
            options, reading = consent.agreed(options, reading), None
        elif reading in vocabulary.ACTORS:
            earlier = options.get("actor", ())
            options, reading = {**options, "actor": (*earlier, reading)}, None
        options |= {name: value for name, value in part.items() if value is not None}
        target = None if about is None else self.session.clip(about)
        cell_id = f"{PANEL_CELL}{uuid4().hex}"
        if replaces is not None and "dry_run" not in options:
            cell_id = self._leave(replaces)
        try:
            reply = self.session.hear(
                words,
                options,
                cell_id=cell_id,
                variables=variables(self._namespace),
                values=self._namespace,
                target=target,
                reading=cast("Intent | None", reading),
                on_text=self.transcript.wrote,
                notes=notes,
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

    def take_up(self) -> None:
        """Follow what an earlier kernel left running, and tell how it goes on."""
        for turn_id, rendering in self.session.unfinished().items():
            if self.transcript.rejoined(turn_id, rendering):
                _start(self._rejoin, turn_id, rendering)

    def plan(self, line: str, replaces: int | None = None) -> Foreseen:
        """Say what a turn would do; nothing is rendered, written down or asked."""
        options, words, notes = parse(_bare(line))
        reply = self.session.consider(
            words,
            options,
            instead_of=replaces,
            variables=variables(self._namespace),
            values=self._namespace,
        )
        takes = (*reply.parts, *reply.takes)
        seconds = self.session.estimate(takes) if takes else None
        return Foreseen(
            does=answers.does(reply.plan, reply.takes),
            takes=reply.takes,
            notes=(*notes, *reply.notes),
            seconds=seconds,
        )

    def complete(self, line: str) -> tuple[int, list[str]]:
        """List what may stand at the end of a line, and where it would begin."""
        start, words = complete(line, self.session, self._namespace)
        return start, words[:MAX_CANDIDATES]

    def models(self) -> list[ModelView]:
        """List the models that can be chosen by a short name."""
        names = dict.fromkeys((self.session.settings.model, "pocket", *CATALOGUE))
        device = device_here(self.session.settings)
        return [
            {
                "name": name,
                "here": is_here(name),
                "fits": device is None or not is_too_large(name, device),
            }
            for name in names
        ]

    def use(self, model: str) -> str:
        """Let another model render what is asked for anew; say what it makes."""
        line = self.session.choose(choices.use(model))
        self.transcript.refresh()
        return line

    def export(self) -> str:
        """Write the conversation as Markdown; say where."""
        return f"written to {export(self.session, self.transcript.turns()).name}"

    def stop(self) -> str:
        """Stop everything that is being rendered; say what."""
        return self.session.hands.cancel()

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

    def _rejoin(self, turn_id: int, rendering: Rendering) -> None:
        try:
            rendering.rejoin(partial(self.transcript.went_on, turn_id))
            with contextlib.suppress(NbagentError):  # its takes say how they ended
                rendering.wait()
        finally:
            self.transcript.ended(turn_id)

    def _leave(self, turn_id: int) -> str:
        """Stop a turn that is to be replaced; return what names its place."""
        if self.transcript.view(turn_id)["origin"] != "panel":
            raise SpecError("a cell's turn is changed in its cell: edit and run that")
        with contextlib.suppress(NbagentError):  # there may be nothing to stop
            self.transcript.source(turn_id).cancel(None)
        return self.session.ledger.turn(turn_id).cell_id or ""

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
