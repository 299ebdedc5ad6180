"""What a panel does in the conversation: says turns, and follows them to their end.

A turn of the panel is heard in the thread that asks, and rendered beside the cells: the
kernel's main thread is never needed, so the panel goes on while a cell runs.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Collection, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import count, islice
from typing import Any, cast
from uuid import uuid4

from nbagent.acts.plan import Intent
from nbagent.conversation import answers, choices, consent, offered
from nbagent.conversation.clip import Clip
from nbagent.conversation.context import variables
from nbagent.conversation.next_steps import MAX_STEPS
from nbagent.conversation.rendering import Rendering
from nbagent.conversation.reply import Reply
from nbagent.errors import NbagentError, SpecError
from nbagent.notebook.border import one_line
from nbagent.notebook.completion import in_turn
from nbagent.notebook.dropped import dropped, thumbnail
from nbagent.notebook.export import export
from nbagent.notebook.line import parse
from nbagent.notebook.transcript import PANEL_CELL, Transcript
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

    def __init__(
        self, transcript: Transcript, namespace: MutableMapping[str, Any]
    ) -> None:
        self.transcript = transcript
        self.session = transcript.session
        self._namespace = namespace
        self._thumbnails: dict[str, bytes | None] = {}  # they are asked for at each key

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
        elif reading is not None and offered.is_offer(reading):
            option = offered.option_of(reading)
            given = (*options.get(option, ()), reading)
            options, reading = {**options, option: given}, None
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
            self.transcript.began(reply.turn_id, rendering)
            _start(self._follow, reply, rendering)
        return reply.turn_id

    def take_up(self) -> None:
        """Follow what an earlier kernel left running, and tell how it goes on."""
        for turn_id, rendering in self.session.renderings.unfinished().items():
            if self.transcript.rejoined(turn_id, rendering):
                _start(self._rejoin, turn_id, rendering)

    def plan(
        self,
        line: str,
        replaces: int | None = None,
        *,
        about: str | None = None,
        part: Mapping[str, Any] = _WHOLE,
    ) -> Foreseen:
        """Say what a turn would do, as `say` would hear it.

        Nothing is rendered, written down or asked.
        """
        options, words, notes = parse(_bare(line))
        options |= {name: value for name, value in part.items() if value is not None}
        reply = self.session.consider(
            words,
            options,
            instead_of=replaces,
            target=None if about is None else self.session.clip(about),
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

    def next_steps(self, name: str) -> list[str]:
        """List what could be said of a clip next; each would run as it stands."""
        held = self._namespace
        steps = self.session.hearing.next_steps(name, variables(held), held)
        return list(islice(steps, MAX_STEPS))

    def go_on(self, turn_id: int) -> int:
        """Render what was stopped or has failed of a turn, from where it was.

        Returns:
            The turn again.
        """
        rendering = self.session.renderings.again(turn_id)
        self.transcript.began(turn_id, rendering)
        _start(self._go_on, turn_id, rendering)
        return turn_id

    def complete(self, line: str) -> tuple[int, list[str]]:
        """List what may stand at the end of a line, and where it would begin."""
        written, words = in_turn(line, self.session, self._namespace)
        return len(line) - len(written), words[:MAX_CANDIDATES]

    def pictures(self, words: Sequence[str]) -> list[bytes | None]:
        """Return a small JPEG for each `@name` that has one at hand."""
        clips = {row.name for row in self.session.rows()}
        return [self._picture(word, clips) for word in words]

    def bring(self, file_name: str, content: bytes) -> str:
        """Make a picture or a film that was dropped a variable; return its name.

        Raises:
            NbagentError: If it is neither.
        """
        folder = self.session.settings.store / "dropped"
        stem, value = dropped(file_name, content, folder)
        taken = set(self._namespace)
        name = next(n for i in count(1) if (n := f"{stem}{i}") not in taken)
        self._namespace[name] = value
        return name

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

    def _go_on(self, turn_id: int, rendering: Rendering) -> None:
        """Render a turn again, and record how it ended this time."""
        error = None
        try:
            rendering.start(partial(self.transcript.went_on, turn_id))
            rendering.wait()
        except Exception as problem:  # noqa: BLE001  the border: nobody else would hear
            error = one_line(problem)
        turn = self.session.ledger.turns.get(turn_id)
        notes = turn.notes.splitlines()
        self.session.ledger.turns.finish(turn_id, turn.plan, turn.answer, error, notes)
        self.transcript.ended(turn_id)

    def _rejoin(self, turn_id: int, rendering: Rendering) -> None:
        try:
            rendering.rejoin(partial(self.transcript.went_on, turn_id))
            with contextlib.suppress(NbagentError):  # its takes say how they ended
                rendering.wait()
        finally:
            self.transcript.ended(turn_id)

    def _picture(self, word: str, clips: Collection[str]) -> bytes | None:
        name = word.removeprefix("@")
        value = self._namespace.get(name)
        if name not in self._namespace and name in clips:
            value = self.session.clip(name)
        # One that is said again is another object, or another take.
        take = value.take if isinstance(value, Clip) else None
        key = f"{name} {take.id if take else id(value)}"
        with contextlib.suppress(NbagentError, OSError):  # it is not rendered yet
            if key not in self._thumbnails:
                self._thumbnails[key] = thumbnail(value)
        return self._thumbnails.get(key)

    def _leave(self, turn_id: int) -> str:
        """Stop a turn that is to be replaced; return what names its place."""
        if self.transcript.view(turn_id)["origin"] != "panel":
            raise SpecError("this turn comes from a cell: edit and run that cell")
        with contextlib.suppress(NbagentError):  # there may be nothing to stop
            self.transcript.source(turn_id).cancel(None)
        return self.session.ledger.turns.get(turn_id).cell_id or ""

    def _recorded(self, cell_id: str) -> int | None:
        turns = self.session.ledger.turns.of(self.session.settings.conversation)
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
