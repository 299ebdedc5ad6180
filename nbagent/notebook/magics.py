"""`%agent`, `%%agent` and `%nbagent`: what the user types.

Importing this file costs a few milliseconds; the conversation, the player and the
engine are imported when the first turn needs them.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, TypeVar, cast

from IPython.core.magic import (
    Magics,
    line_cell_magic,
    line_magic,
    magics_class,
    no_var_expand,
)

from nbagent.conversation.here import enter
from nbagent.conversation.stopping import held, in_one_line
from nbagent.errors import NbagentError, SpecError
from nbagent.notebook.namespace import Namespace
from nbagent.notebook.options import check_options, check_words, help_text

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from nbagent.acts.base import Act
    from nbagent.conversation.clip import Clip
    from nbagent.conversation.rendering import OnProgress, Rendering
    from nbagent.conversation.reply import Reply
    from nbagent.conversation.session import Session
    from nbagent.notebook.desk import Desk
    from nbagent.notebook.panel import Panel
    from nbagent.notebook.player import Player
    from nbagent.notebook.transcript import Transcript
    from nbagent.take import Progress, Take

    Ended = Callable[[], None]

Tool = TypeVar("Tool", bound=Callable[..., object])

_STOPPED_TURN = in_one_line(
    "stopped: run the cell again, and what was made until then is shown at once"
)


class Takes(tuple["Clip", ...]):
    """The takes of one turn, in order."""

    __slots__ = ()


@magics_class
class AgentMagics(Magics):
    """The conversation of one kernel."""

    def __init__(self, shell: InteractiveShell) -> None:
        super().__init__(shell)
        self.ipython = shell  # `Magics.shell` may be None to a type checker
        self.namespace = Namespace(shell)
        self._session: Session | None = None
        self._transcript: Transcript | None = None
        self._panel: tuple[Panel, Any] | None = None  # and what holds it on the page
        self._execution = (-1, 0)
        # What a cell's magic has shown itself, so that Out[] does not show it again.
        self._shown: tuple[int, object] = (-1, None)

    @no_var_expand
    @line_cell_magic
    @_STOPPED_TURN
    def agent(self, line: str, cell: str | None = None) -> Clip | Takes | None:
        """Say what to show, or how to change it.

        ::

            %agent a red ball crosses the beach at sunset
            %agent slower, and at night
            clip = %agent --seed 7 a rocket rises from the desert
            %agent what changed between c1 and c2?

        Options come before the words or right behind them. What is between is yours,
        byte for byte; `@name` names a clip or a variable. A `#` that stands alone
        begins a comment, but not in the body of `%%agent`; after a lone `--` all is
        words.

        OPTIONS
        """
        from nbagent.notebook.line import parse

        with held():
            return self.say(*parse(line, cell))

    @no_var_expand
    @line_magic
    @in_one_line("stopped: what was done until then stays; run it again for the rest")
    def nbagent(self, line: str) -> None:
        """Look after the conversation: `%nbagent help` lists the commands."""
        with held():
            from nbagent.notebook.commands import run

            answer = run(line, self)
            self.transcript().refresh()
            if answer:
                _show_text(answer)

    def session(self) -> Session:
        """Return the kernel's conversation, opened by its first use."""
        if self._session is None:
            from nbagent.conversation.session import Session
            from nbagent.jobs.engine import Engine
            from nbagent.notebook import place

            settings = place.settings(self.ipython)
            self._session = Session(settings=settings, engine=Engine(settings))
            self._session.remixer = self._remix
            self._session.viewer = self._player_of
            if note := self._session.whole.take_up():
                _show_text(note)
        return self._session

    def adopt(self, clip: Clip) -> None:
        """Let a clip of a file, or of a pickle, belong to the conversation."""
        session = self.session()
        clip.belong(session.ledger, session.remix, self._player_of, session.selections)

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

    @_STOPPED_TURN
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
    ) -> Reply:
        """Understand a turn, perhaps about a clip whatever it says; then `show` it.

        Args:
            words: The user's turn.
            options: Of `%agent`, with underscores.
            target: The clip that it is about.
            acts: What is done to that, instead of what words say.
            notes: What is to be said of how it was typed.
        """
        from nbagent.conversation.context import variables
        from nbagent.notebook.meanwhile import Meanwhile

        meanwhile = Meanwhile()
        try:
            return self.session().hear(
                words,
                options,
                cell_id=self._cell_id(),
                variables=variables(self.namespace),
                values=self.namespace,
                target=target,
                acts=acts,
                on_text=lambda _turn, text: meanwhile.show(text),
                notes=notes,
            )
        finally:
            meanwhile.show("")
            self.transcript().refresh()  # a turn that failed is told too

    def show(self, reply: Reply, options: Mapping[str, Any]) -> Clip | Takes | None:
        """Show what came of a turn, and return its clips."""
        if reply.answer is not None:
            _show_text("\n".join((*reply.notes, reply.answer)))
            if not reply.shows:
                return None
            clips: Sequence[Clip] = [self.session().clip(name) for name in reply.shows]
            self._show_again(clips)
        else:
            clips = self._render(self.session(), reply, detach="detach" in options)
        made = clips[0] if len(clips) == 1 else Takes(clips)
        self._shown = (self.ipython.execution_count, made)
        return made

    def has_shown(self, value: object) -> bool:
        """Whether this cell's own output already shows the value."""
        count, shown = self._shown
        return count == self.ipython.execution_count and shown is value

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
        self.namespace.close()
        if self._session is not None:
            self._session.close()
            self._session = self._transcript = None

    @_STOPPED_TURN
    def _remix(
        self, clip: Clip, asked: str | Sequence[Act], options: dict[str, Any]
    ) -> Clip | Takes | None:
        options = check_options(options)
        words = check_words(asked) if isinstance(asked, str) else ""
        acts = () if isinstance(asked, str) else tuple(asked)
        with held():
            reply = self.hear(words, options, clip, acts)
            plan = reply.plan
            if plan.intent == "ask" and (plan.consents or plan.offers):
                raise NbagentError(" ".join((reply.answer or "").splitlines()))
            made = self.show(reply, options)
        is_undone = any(
            act.kind == "undo" for act in reply.plan.acts
        )  # no clip is left
        if made is None and "dry_run" not in options and not is_undone:
            raise NbagentError(
                f"{reply.words!r} asks for no new clip: say what should be different"
            )
        return made

    def _show_again(self, clips: Sequence[Clip]) -> None:
        """Show clips that are there; nothing is rendered."""
        from nbagent.notebook.bundle import show_live, show_static

        for clip in clips:
            if self.session().ledger.artifact(self._take_of(clip).id) is not None:
                show_live(self._player_of(clip))
        show_static(list(clips))

    def _take_of(self, clip: Clip) -> Take:
        """Return the take of a clip of this conversation.

        Raises:
            SpecError: If it is of another one: its name means another clip here.
        """
        session = self.session()
        if clip.is_opened:
            take = session.taken(clip)
            if take.id not in session.record.names():
                raise SpecError(
                    f"{clip.name} was opened, and has no name here yet: use it in a turn"
                    " first, like %agent @clip slower"
                )
            return take
        name = clip.take and session.record.called(clip.take, clip.name)
        if clip.take is None or name == clip.take.id:
            raise SpecError(
                f"{clip.name} is of another conversation: go there with"
                " %nbagent conversation NAME, then show it"
            )
        return clip.take

    def _player_of(self, clip: Clip) -> Player:
        from nbagent.notebook.player import Player
        from nbagent.notebook.transcript import Kept

        name = self.session().record.called(self._take_of(clip), clip.name)
        turn = self.transcript().turn_of(name)
        source = Kept(self.session(), [name])
        return Player(
            source,
            self.desk(),
            turn["takes"],
            request=turn["words"],
            note=turn["note"],
        )

    def _render(
        self, session: Session, reply: Reply, *, detach: bool
    ) -> Sequence[Clip]:
        from nbagent.notebook.bundle import show_live, show_static
        from nbagent.notebook.player import Player
        from nbagent.notebook.transcript import take_changes
        from nbagent.notebook.wire import take_view

        rendering = session.render(reply)
        views = [
            take_view(clip.name, take)
            for clip, take in zip(rendering.clips, rendering.takes, strict=True)
        ]
        player = Player(
            rendering,
            self.desk(),
            views,
            request=reply.words,
            note="\n".join(reply.notes),
        )
        show_live(player)
        transcript = self.transcript()
        transcript.began(reply, rendering)

        def watch(index: int, progress: Progress) -> None:
            changes = take_changes(rendering.clips[index], progress)
            player.set_take(index, **changes)
            transcript.went_on(reply.turn_id, index, progress)

        if detach:
            _start_detached(rendering, watch, partial(transcript.ended, reply.turn_id))
            return rendering.clips
        try:
            rendering.start(watch)
            rendering.wait()
        except NbagentError as error:
            session.close_turn(reply, error=str(error))
            transcript.ended(reply.turn_id)
            done = rendering.done
            show_static(done, None if done else "")
            raise
        said = session.close_turn(reply, rendering.clips)
        transcript.ended(reply.turn_id)
        show_static(rendering.clips)
        if said:
            _show_text(said)
        return rendering.clips

    def _cell_id(self) -> str | None:
        """Name the running cell, and which of its `%agent` lines this is."""
        get_parent = getattr(self.shell, "get_parent", None)
        metadata = get_parent().get("metadata", {}) if get_parent else {}
        cell_id = metadata.get("cellId")
        if cell_id is None:  # a console, or a runner without a front end
            return None
        count, nth = self._execution
        nth = nth + 1 if count == self.ipython.execution_count else 0
        self._execution = (self.ipython.execution_count, nth)
        return f"{cell_id}#{nth}"


AgentMagics.agent.__doc__ = cast("str", AgentMagics.agent.__doc__).replace(
    "        OPTIONS\n", help_text() + "\n"
)


def load(shell: InteractiveShell) -> None:
    """Register the magics, once."""
    if _loaded(shell) is not None:
        return
    from nbagent.notebook.completion import matcher
    from nbagent.notebook.questions import Question, catch_up, with_plain_space

    magics = AgentMagics(shell)
    shell.register_magics(magics)
    enter(magics)
    displays = _displays(shell)
    displays.for_type_by_name("nbagent.conversation.clip", "Clip", _displayer(magics))
    displays.for_type(Takes, _displayer(magics))
    if completes := matcher(magics):
        shell.Completer.custom_matchers.append(completes)
    shell.input_transformers_cleanup.append(with_plain_space)
    shell.input_transformer_manager.token_transformers.append(Question)
    catch_up(shell)
    shell.events.register("post_run_cell", _warm_once(shell))


def reconnect() -> str:
    """Return the id of a panel's model, for a page whose kernel was restarted."""
    return cast(str, _here().panel().model_id)


def say(words: str, **options: Any) -> Clip | Takes | None:
    """Say a turn from Python, in the same conversation as `%agent` and the panel.

    Args:
        words: The turn, as behind `%agent`; `@name` names a clip or a variable.
        options: Those of `%agent`, with underscores: `say("a red ball", seed=7)`.

    Returns:
        The clip, or several takes; None for a turn that was answered in words.

    Raises:
        SpecError: If there is no notebook, or what is asked cannot be.
    """
    return _here().say(check_options(options), check_words(words))


def tool(function: Tool) -> Tool:
    """Let a connected language model call a function of yours when it answers.

    >>> @nbagent.tool
    ... def sales(year: int) -> float:
    ...     '''Return what was sold in a year, in euros.'''

    Its name, its docstring and its annotated arguments are what the model is told of
    it; of what it returns the model sees what `@name` would show. It runs beside the
    cells, whenever the model asks for it: give it nothing that must not be called.

    Raises:
        SpecError: If it has no name or no docstring, or a view has its name.
    """
    _here().session().brains.allow(function)
    return function


def unload(shell: InteractiveShell) -> None:
    """Take everything away that `load` brought."""
    magics = _loaded(shell)
    if magics is None:
        return
    magics.close()
    enter(None)
    from nbagent.notebook.questions import Question, with_plain_space

    shell.input_transformers_cleanup.remove(with_plain_space)
    shell.input_transformer_manager.token_transformers.remove(Question)
    manager = shell.magics_manager
    for kind, names in (("line", ("agent", "nbagent")), ("cell", ("agent",))):
        for name in names:
            manager.magics[kind].pop(name, None)
    manager.registry.pop("AgentMagics", None)
    displays = _displays(shell)
    clip = ("nbagent.conversation.clip", "Clip")
    displays.type_printers.pop(Takes, None)
    displays.deferred_printers.pop(clip, None)
    for kind in [k for k in displays.type_printers if _full_name(k) == clip]:
        del displays.type_printers[kind]  # it moved there when one was first shown
    shell.Completer.custom_matchers[:] = [
        m for m in shell.Completer.custom_matchers if not hasattr(m, "nbagent")
    ]


def _loaded(shell: InteractiveShell) -> AgentMagics | None:
    return cast("AgentMagics | None", shell.magics_manager.registry.get("AgentMagics"))


def _here() -> AgentMagics:
    """Return the magics of this kernel, loaded by their first use."""
    from IPython import get_ipython

    shell = get_ipython()
    if shell is None:
        raise SpecError("there is no notebook here: say turns in a Jupyter kernel")
    load(shell)
    magics = _loaded(shell)
    assert magics is not None
    return magics


def _displays(shell: InteractiveShell) -> Any:
    assert shell.display_formatter is not None
    return shell.display_formatter.ipython_display_formatter


def _full_name(kind: type) -> tuple[str, str]:
    return kind.__module__, kind.__name__


def _displayer(magics: AgentMagics) -> Any:
    def display(value: Clip | Takes) -> None:
        if magics.has_shown(value):
            return
        from nbagent.notebook.bundle import show_static

        show_static(list(value) if isinstance(value, Takes) else [value])

    return display


def _start_detached(rendering: Rendering, watch: OnProgress, ended: Ended) -> None:
    """Show a line in output B now, and the clips there once they are done."""
    from uuid import uuid4

    from IPython.display import publish_display_data

    from nbagent.notebook.bundle import static_bundle
    from nbagent.take import UNFINISHED

    names = ", ".join(clip.name for clip in rendering.clips)
    transient = {"display_id": uuid4().hex}
    publish_display_data(
        static_bundle([], f"{names}: rendering in the background"),
        transient=transient,
    )

    def watch_all(index: int, progress: Progress) -> None:
        watch(index, progress)
        states = {last.state for last in rendering.progress}
        if not states & {*UNFINISHED}:
            ended()
        if states == {"done"}:
            publish_display_data(
                static_bundle(rendering.clips), transient=transient, update=True
            )

    rendering.start(watch_all)


def _show_text(text: str) -> None:
    from IPython.display import publish_display_data

    publish_display_data({"text/plain": text})


def _warm_once(shell: InteractiveShell) -> Any:
    """Import what the first turn needs while the user is still typing it."""

    def warm(*_: object) -> None:
        shell.events.unregister("post_run_cell", warm)
        # The registry imports its own files: begun in two threads, each would wait for
        # the other.
        import nbagent.acts  # noqa: F401

        threading.Thread(target=_import_all, name="nbagent-warm", daemon=True).start()

    return warm


def _import_all() -> None:
    """Pay for the first turn's imports, the reader's weights and the model's hash."""
    import nbagent.conversation.session
    import nbagent.jobs.engine
    import nbagent.notebook.player  # noqa: F401  imported for the cache
    from nbagent.language import read
    from nbagent.language.state import State
    from nbagent.models import model_card
    from nbagent.settings import Settings

    read("hello", State())
    with contextlib.suppress(NbagentError):  # the turn that needs it will say so
        model_card(Settings.from_env().model)
