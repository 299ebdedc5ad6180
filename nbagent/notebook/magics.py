"""`%agent`, `%%agent` and `%nbagent`: what the user types.

Importing this file costs a few milliseconds; the conversation, the player and the
engine are imported when the first turn needs them.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

from IPython.core.magic import (
    Magics,
    line_cell_magic,
    line_magic,
    magics_class,
    no_var_expand,
)

from nbagent.errors import NbagentError
from nbagent.notebook.options import help_text, parse

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from nbagent.conversation.clip import Clip
    from nbagent.conversation.rendering import Rendering
    from nbagent.conversation.session import Reply, Session


class Takes(tuple["Clip", ...]):
    """The takes of one turn, in order."""

    __slots__ = ()


@magics_class
class AgentMagics(Magics):
    """The conversation of one kernel."""

    def __init__(self, shell: InteractiveShell) -> None:
        super().__init__(shell)
        self.ipython = shell  # `Magics.shell` may be None to a type checker
        self._session: Session | None = None
        self._execution = (-1, 0)
        # What a cell's magic has shown itself, so that Out[] does not show it again.
        self._shown: tuple[int, object] = (-1, None)

    @no_var_expand
    @line_cell_magic
    def agent(self, line: str, cell: str | None = None) -> Clip | Takes | None:
        """Say what to show, or how to change it.

        ::

            %agent a red ball crosses the beach at sunset
            %agent slower, and at night
            clip = %agent --seed 7 a rocket rises from the desert
            %agent what changed between c1 and c2?

        Options come before the words. What follows them is yours, byte for byte;
        `@name` names a clip or a variable.

        OPTIONS
        """
        options, words = parse(line, cell)
        return self._say(words, options)

    @no_var_expand
    @line_magic
    def nbagent(self, line: str) -> None:
        """Look after the conversation: `%nbagent help` lists the commands."""
        from nbagent.notebook.commands import run

        _show_text(run(line, self.session()))

    def session(self) -> Session:
        """Return the kernel's conversation, opened by its first use."""
        if self._session is None:
            from nbagent.conversation.session import Session
            from nbagent.jobs.engine import Engine
            from nbagent.settings import Settings

            settings = Settings.from_env()
            self._session = Session(settings=settings, engine=Engine(settings))
            self._session.remixer = self._remix
            if note := self._session.take_up():
                _show_text(note)
        return self._session

    def has_shown(self, value: object) -> bool:
        """Whether this cell's own output already shows the value."""
        count, shown = self._shown
        return count == self.ipython.execution_count and shown is value

    def close(self) -> None:
        """Let go of the engine and the store; running jobs go on."""
        if self._session is not None:
            self._session.close()
            self._session = None

    def _remix(self, clip: Clip, words: str, options: dict[str, Any]) -> Clip | Takes:
        made = self._say(words, options, target=clip)
        if made is None:
            raise NbagentError(
                f"{words!r} asks for no new clip: say what should be different"
            )
        return made

    def _say(
        self, words: str, options: dict[str, Any], target: Clip | None = None
    ) -> Clip | Takes | None:
        from nbagent.conversation.context import variables

        session = self.session()
        reply = session.hear(
            words,
            options,
            cell_id=self._cell_id(),
            variables=variables(self.ipython.user_ns),
            values=self.ipython.user_ns,
            target=target,
        )
        if reply.answer is not None:
            _show_text(reply.answer)
            return None
        clips = self._render(session, reply, detach="detach" in options)
        made = clips[0] if len(clips) == 1 else Takes(clips)
        self._shown = (self.ipython.execution_count, made)
        return made

    def _render(
        self, session: Session, reply: Reply, *, detach: bool
    ) -> Sequence[Clip]:
        from nbagent.notebook.bundle import show_live, show_static
        from nbagent.notebook.player import Player
        from nbagent.notebook.wire import take_view

        rendering = session.render(reply)
        views = [
            take_view(clip.name, take)
            for clip, take in zip(rendering.clips, rendering.takes, strict=True)
        ]
        player = Player(
            rendering, views, request=reply.words, note="\n".join(reply.notes)
        )
        show_live(player)
        watch = _watcher(player, rendering)
        if detach:
            _start_detached(rendering, watch)
            return rendering.clips
        try:
            rendering.start(watch)
            rendering.wait()
        except NbagentError as error:
            session.close_turn(reply, error=str(error))
            done = rendering.done
            show_static(done, None if done else "")
            raise
        said = session.close_turn(reply, rendering.clips)
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
    from nbagent.notebook.questions import Question

    magics = AgentMagics(shell)
    shell.register_magics(magics)
    displays = _displays(shell)
    displays.for_type_by_name("nbagent.conversation.clip", "Clip", _displayer(magics))
    displays.for_type(Takes, _displayer(magics))
    shell.Completer.custom_matchers.append(matcher(magics))
    shell.input_transformer_manager.token_transformers.append(Question)
    shell.events.register("post_run_cell", _warm_once(shell))


def unload(shell: InteractiveShell) -> None:
    """Take everything away that `load` brought."""
    magics = _loaded(shell)
    if magics is None:
        return
    magics.close()
    from nbagent.notebook.questions import Question

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


def _watcher(player: Any, rendering: Rendering) -> Any:
    def watch(index: int, progress: Any) -> None:
        clip = rendering.clips[index]
        if progress.state == "done":
            # Effects change length, rate and size: the player shows what plays.
            player.set_take(
                index,
                num_frames=clip.num_frames,
                fps=clip.fps,
                width=clip.width,
                height=clip.height,
            )
        player.set_progress(index, progress)

    return watch


def _start_detached(rendering: Rendering, watch: Any) -> None:
    """Show a line in output B now, and the clips there once they are done."""
    from uuid import uuid4

    from IPython.display import publish_display_data

    from nbagent.notebook.bundle import static_bundle

    names = ", ".join(clip.name for clip in rendering.clips)
    transient = {"display_id": uuid4().hex}
    publish_display_data(
        static_bundle([], f"{names}: rendering in the background"),
        transient=transient,
    )

    def watch_all(index: int, progress: Any) -> None:
        watch(index, progress)
        if all(p.state == "done" for p in rendering.progress):
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
        threading.Thread(target=_import_all, name="nbagent-warm", daemon=True).start()

    return warm


def _import_all() -> None:
    """Pay for the first turn's imports, the router's weights and the model's hash."""
    import nbagent.conversation.session
    import nbagent.jobs.engine
    import nbagent.notebook.player  # noqa: F401  imported for the cache
    from nbagent.conversation.router import route
    from nbagent.conversation.state import State
    from nbagent.models import model_card
    from nbagent.settings import Settings

    route("hello", State())
    with contextlib.suppress(NbagentError):  # the turn that needs it will say so
        model_card(Settings.from_env().model)
