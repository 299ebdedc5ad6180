"""Says turns in a conversation, and shows what comes of them.

`%agent`, `nbagent.say`, a clip's own methods and `%nbagent` commands all end here. What
differs between a notebook and a plain process is in a `Place` and a `Screen`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, MutableMapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from nbagent.conversation.stopping import held, in_one_line
from nbagent.errors import NbagentError
from nbagent.notebook.options import check_options
from nbagent.notebook.players import Players
from nbagent.take import UNFINISHED

if TYPE_CHECKING:
    from nbagent.acts.base import Act
    from nbagent.conversation.clip import Clip
    from nbagent.conversation.rendering import OnProgress, Rendering
    from nbagent.conversation.reply import Reply
    from nbagent.conversation.session import Session
    from nbagent.notebook.desk import Desk
    from nbagent.notebook.panel import Panel
    from nbagent.notebook.player import Player
    from nbagent.notebook.surroundings import Finished, Place, Screen
    from nbagent.notebook.transcript import Transcript
    from nbagent.take import Progress

stopped_turn = in_one_line(
    "stopped: run the cell again to see at once what was made so far"
)


class Takes(tuple["Clip", ...]):
    """The takes of one turn, in order."""

    __slots__ = ()


class Speaker:
    """Says the turns of one conversation.

    Args:
        place: Where they are said.
        screen: Where what comes of them is shown.
    """

    def __init__(self, place: Place, screen: Screen) -> None:
        self.place = place
        self.screen = screen
        self._session: Session | None = None
        self._transcript: Transcript | None = None
        self._panel: tuple[Panel, Any] | None = None  # and what holds it on the page
        # What a cell has shown itself, so that Out[] does not show it again.
        self._shown: tuple[int, object] = (-1, None)

    @property
    def namespace(self) -> MutableMapping[str, Any]:
        """What a turn may name."""
        return self.place.namespace

    def session(self) -> Session:
        """Return the conversation, opened by its first use."""
        if self._session is None:
            from nbagent.conversation.session import Session
            from nbagent.jobs.engine import Engine

            settings = self.place.settings()
            self._session = Session(settings=settings, engine=Engine(settings))
            self._session.remixer = self.remix
            self._session.viewer = self.player_of
            self.place.opened(self._session)
            if note := self._session.whole.take_up():
                self.screen.text(note)
        return self._session

    @property
    def is_open(self) -> bool:
        """Whether the conversation was opened already."""
        return self._session is not None

    def bind(self) -> None:
        """Make the conversation's clips names in Python, where they are."""
        if told := self.place.bind(self.session()):
            self.screen.text(told)

    def adopt(self, clip: Clip) -> None:
        """Let a clip of a file, or of a pickle, belong to the conversation."""
        session = self.session()
        clip.belong(session.ledger, session.remix, self.player_of, session.selections)

    def transcript(self) -> Transcript:
        """Return the session's conversation as panels see it."""
        from nbagent.notebook.transcript import Transcript

        session = self.session()
        if self._transcript is None or self._transcript.session is not session:
            self._transcript = Transcript(session)
        return self._transcript

    def desk(self) -> Desk:
        """Return what answers players about all clips of the conversation."""
        from nbagent.notebook.chat import Chat
        from nbagent.notebook.desk import Desk

        return Desk(Chat(self.transcript(), self.namespace))

    def open_panel(self, place: str | None = None) -> str:
        """Open the chat panel, instead of an older one; say what the user should know."""
        from nbagent.notebook.dock import check_place, dock

        check_place(place)
        self.close_panel()
        panel = self.panel()
        holder, note = dock(panel, place)
        self._panel = (panel, holder)
        return note

    def panel(self) -> Panel:
        """Return the panel's widget, made by its first use."""
        from nbagent.notebook.panel import Panel

        if self._panel is None:
            panel = Panel(self.desk().chat)
            self._panel = (panel, None)
        return self._panel[0]

    def close_panel(self) -> None:
        """Take the panel from the page, if there is one."""
        if self._panel is not None:
            for widget in self._panel:
                if widget is not None:
                    widget.close()
            self._panel = None

    @stopped_turn
    def say(
        self, options: Mapping[str, Any], words: str, notes: tuple[str, ...] = ()
    ) -> Clip | Takes | None:
        """Say a turn, show what comes of it, and return its clips.

        Args:
            options: Of `%agent`, with underscores.
            words: The user's turn.
            notes: What is to be said of how it was typed.
        """
        with held():
            return self.show(self.hear(words, options, notes=notes), options)

    def hear(
        self,
        words: str,
        options: Mapping[str, Any],
        target: Clip | None = None,
        acts: Sequence[Act] = (),
        notes: tuple[str, ...] = (),
        data: Mapping[str, object] | None = None,
    ) -> Reply:
        """Understand a turn, perhaps about a clip whatever it says; then `show` it.

        Args:
            words: The user's turn.
            options: Of `%agent`, with underscores.
            target: The clip that it is about.
            acts: What is done to that, instead of what words say.
            notes: What is to be said of how it was typed.
            data: A value that those acts show, instead, by its name.
        """
        from nbagent.conversation.context import variables

        values = {**self.namespace, **data} if data else self.namespace
        try:
            return self.session().hear(
                words,
                options,
                cell_id=self.place.cell_id(),
                variables=variables(values),
                values=values,
                target=target,
                acts=acts,
                data=next(iter(data or ()), ""),
                on_text=lambda _turn, text: self.screen.waiting(text),
                notes=notes,
            )
        finally:
            self.screen.waiting("")
            self.transcript().refresh()  # a turn that failed is told too

    def show(self, reply: Reply, options: Mapping[str, Any]) -> Clip | Takes | None:
        """Show what came of a turn, and return its clips."""
        if reply.answer is not None:
            if reply.is_markdown:
                self.screen.markdown(reply.answer, reply.notes)
            else:
                self.screen.text("\n".join((*reply.notes, reply.answer)))
            if not reply.shows:
                return None
            clips: Sequence[Clip] = [self.session().clip(name) for name in reply.shows]
            players = self._players().again(clips)
            self.screen.again(players, list(clips), self.desk)
        else:
            clips = self._render(self.session(), reply, detach="detach" in options)
        made = clips[0] if len(clips) == 1 else Takes(clips)
        self.bind()
        self._shown = (self.place.count, made)
        return made

    def has_shown(self, value: object) -> bool:
        """Whether this cell's own output already shows the value."""
        count, shown = self._shown
        return count == self.place.count and shown is value

    def step(self, words: Literal["undo", "redo"], *, is_dry: bool = False) -> str:
        """Say that the last change is undone, or redone; say what it came to.

        The clip that is current then is shown.
        """
        if is_dry:
            reply = self.session().consider(words, {})
            return reply.answer or ""
        reply = self.hear(words, {})
        self.show(reply, {})
        return ""

    def close(self) -> None:
        """Let go of the engine and the store; running jobs go on."""
        self.close_panel()
        self.place.close()
        if self._session is not None:
            self._session.close()
            self._session = self._transcript = None

    @stopped_turn
    def animate(
        self, words: str, data: object, acts: Sequence[Act], options: Mapping[str, Any]
    ) -> Clip | Takes | None:
        """Show data in motion, and return its clip.

        Args:
            words: The call, with a place for what the data is called.
            data: A table, a figure, or what has one.
            acts: What it is shown as.
            options: Of `%agent`, with underscores.

        Raises:
            SpecError: If it cannot be shown so.
        """
        own = self.namespace
        names = (n for n in own if not n.startswith("_") and own[n] is data)
        name = next(names, "data")
        with held():
            called = words.format(name)
            reply = self.hear(called, options, acts=acts, data={name: data})
            return self.show(reply, options)

    @stopped_turn
    def remix(
        self, clip: Clip, asked: str | Sequence[Act], options: dict[str, Any]
    ) -> Clip | Takes | None:
        """Say a turn about a clip, in words or as acts, and return what is made.

        Raises:
            NbagentError: If no clip is.
        """
        from nbagent.notebook.line import Typed, parse_call

        acts = () if isinstance(asked, str) else tuple(asked)
        if isinstance(asked, str):
            typed = parse_call(asked, options)
        else:
            typed = Typed(check_options(options), "")
        options = typed.options
        with held():
            reply = self.hear(typed.words, options, clip, acts, typed.notes)
            plan = reply.plan
            if plan.intent == "ask" and (plan.consents or plan.offers):
                raise NbagentError(" ".join((reply.answer or "").splitlines()))
            made = self.show(reply, options)
        is_undone = any(
            act.kind == "undo" for act in reply.plan.acts
        )  # no clip is left
        if made is None and "dry_run" not in options and not is_undone:
            raise NbagentError(
                f"{reply.words!r} does not ask for a new clip: say what should be"
                " different"
            )
        return made

    def player_of(self, clip: Clip) -> Player:
        """Return a player of a clip of this conversation."""
        return self._players().of(clip)

    def _players(self) -> Players:
        return Players(
            session=self.session(), transcript=self.transcript(), desk=self.desk
        )

    def _render(
        self, session: Session, reply: Reply, *, detach: bool
    ) -> Sequence[Clip]:
        rendering = session.render(reply)
        transcript = self.transcript()
        shown = self.screen.watch(
            rendering,
            lambda keeping: self._players().of_turn(reply, rendering, keeping),
            self.desk,
            session.settings.progress_s,
        )
        transcript.began(reply.turn_id, rendering)

        def watch(index: int, progress: Progress) -> None:
            shown.hear(index, progress)
            transcript.went_on(reply.turn_id, index, progress)

        def ended() -> None:
            transcript.ended(reply.turn_id)

        if detach:
            _start_detached(rendering, watch, ended, shown.finished)
            return rendering.clips
        try:
            rendering.start(watch)
            rendering.wait(shown.tell)
        except NbagentError as error:
            shown.end()
            session.close_turn(reply, error=str(error))
            ended()
            done = rendering.done
            shown.finished(done, None if done else "")
            raise
        shown.end()
        said = session.close_turn(reply, rendering.clips)
        ended()
        shown.finished(rendering.clips)
        if said:
            self.screen.text(said)
        return rendering.clips


def _start_detached(
    rendering: Rendering,
    watch: OnProgress,
    ended: Callable[[], None],
    finished: Finished,
) -> None:
    """Show a line now, and the clips in its place once they are done."""
    names = ", ".join(clip.name for clip in rendering.clips)
    finished((), f"{names}: rendering in the background")

    def watch_all(index: int, progress: Progress) -> None:
        watch(index, progress)
        states = {last.state for last in rendering.progress}
        if not states & {*UNFINISHED}:
            ended()
        if states == {"done"}:
            finished(rendering.clips)

    rendering.start(watch_all)
