"""`%agent`, `%%agent` and `%nbagent`: what the user types.

Importing this file costs a few milliseconds; the conversation, the player and the
engine are imported when the first turn needs them.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, cast

from IPython.core.magic import (
    Magics,
    line_cell_magic,
    line_magic,
    magics_class,
    no_var_expand,
)

from nbagent.conversation.here import enter
from nbagent.conversation.stopping import held, in_one_line
from nbagent.errors import NbagentError
from nbagent.notebook.names import has_clip
from nbagent.notebook.options import help_text
from nbagent.notebook.page import Page
from nbagent.notebook.place import Kernel
from nbagent.notebook.speaker import Speaker, Takes, stopped_turn

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from nbagent.conversation.clip import Clip


@magics_class
class AgentMagics(Magics):
    """The magics of one kernel."""

    def __init__(self, shell: InteractiveShell) -> None:
        super().__init__(shell)
        place = Kernel(shell)
        self.speaker = Speaker(place, Page(place.has_front_end))

    @no_var_expand
    @line_cell_magic
    @stopped_turn
    def agent(self, line: str, cell: str | None = None) -> Clip | Takes | None:
        """Say what to show, or how to change it.

        ::

            %agent a red ball crosses the beach at sunset
            %agent slower, and at night
            clip = %agent --seed 7 a rocket rises from the desert
            %agent what changed between c1 and c2?

        Options come before the words or right after them. What is in between is kept
        byte for byte; `@name` names a clip or a variable. A `#` on its own starts a
        comment, except in the body of `%%agent`; after a lone `--` everything is words.

        OPTIONS
        """
        from nbagent.notebook.line import parse

        with held():
            return self.speaker.say(*parse(line, cell))

    @no_var_expand
    @line_magic
    @in_one_line("stopped: what was done so far stays; run it again for the rest")
    def nbagent(self, line: str) -> None:
        """Look after the conversation: `%nbagent help` lists the commands."""
        with held():
            from nbagent.notebook.commands import run

            answer = run(line, self.speaker)
            self.speaker.transcript().refresh()
            if answer:
                self.speaker.screen.text(answer)
            self.speaker.bind()

    def before_cell(self, info: Any) -> None:
        """Let a cell that is about to run find the clips that it names in Python.

        They may have been made in the panel, or before a restart.
        """
        if not has_clip(info.raw_cell or ""):
            return
        if not (self.speaker.is_open or self.speaker.place.settings().store.exists()):
            return
        # What cannot be opened, Python says of its name. A stop tears nothing apart.
        with contextlib.suppress(NbagentError), held():
            self.speaker.bind()


AgentMagics.agent.__doc__ = cast("str", AgentMagics.agent.__doc__).replace(
    "        OPTIONS\n", help_text() + "\n"
)


def begin(shell: InteractiveShell) -> None:
    """Register the magics for a user who has asked for them, and say what to type."""
    from nbagent.notebook.welcome import welcome

    if load(shell):
        welcome(shell)


def load(shell: InteractiveShell) -> bool:
    """Register the magics, once; return whether they were not there before."""
    if loaded(shell) is not None:
        return False
    from nbagent.notebook.ahead import warm_once
    from nbagent.notebook.completion import matcher
    from nbagent.notebook.questions import Question, catch_up, with_plain_space

    magics = AgentMagics(shell)
    tables = shell.magics_manager.magics
    others = {kind: tables[kind]["agent"] for kind in tables if "agent" in tables[kind]}
    shell.register_magics(magics)
    speaker = magics.speaker
    for kind, other in others.items():
        tables[kind]["agent"] = other
    if others:
        home = next(iter(others.values())).__module__
        speaker.screen.text(
            f"%agent stays what {home} has made it: %nbagent as NAME gives nbagent's own"
            " another name, and %nbagent as agent takes this one"
        )
    enter(speaker)
    displays = _displays(shell)
    displays.for_type_by_name("nbagent.conversation.clip", "Clip", _displayer(speaker))
    displays.for_type(Takes, _displayer(speaker))
    if completes := matcher(speaker):
        shell.Completer.custom_matchers.append(completes)
    shell.input_transformers_cleanup.append(with_plain_space)
    shell.input_transformer_manager.token_transformers.append(Question)
    catch_up(shell)
    shell.events.register("post_run_cell", warm_once(shell))
    shell.events.register("pre_run_cell", magics.before_cell)
    return True


def reconnect() -> str:
    """Return the id of a panel's model, for a page whose kernel was restarted."""
    from nbagent.notebook.saying import here

    return cast("str", here().panel().model_id)


def call_turns(shell: InteractiveShell, name: str) -> None:
    """Let `%name` and `%%name` say turns too, whoever had that name."""
    magics = cast("AgentMagics", shell.magics_manager.registry["AgentMagics"])
    for table in shell.magics_manager.magics.values():
        table[name] = cast("Any", magics).agent


def unload(shell: InteractiveShell) -> None:
    """Take everything away that `load` brought."""
    speaker = loaded(shell)
    if speaker is None:
        return
    speaker.close()
    enter(None)
    from nbagent.notebook.questions import Question, with_plain_space

    shell.input_transformers_cleanup.remove(with_plain_space)
    shell.input_transformer_manager.token_transformers.remove(Question)
    manager = shell.magics_manager
    ours = cast("AgentMagics", manager.registry["AgentMagics"])
    shell.events.unregister("pre_run_cell", ours.before_cell)
    for magics in manager.magics.values():  # under whatever name, and no other's
        for name in [n for n in magics if getattr(magics[n], "__self__", 0) is ours]:
            del magics[name]
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


def loaded(shell: InteractiveShell) -> Speaker | None:
    """Return what says the turns of a shell, if the extension is loaded there."""
    magics = shell.magics_manager.registry.get("AgentMagics")
    return None if magics is None else cast("AgentMagics", magics).speaker


def _displays(shell: InteractiveShell) -> Any:
    assert shell.display_formatter is not None
    return shell.display_formatter.ipython_display_formatter


def _full_name(kind: type) -> tuple[str, str]:
    return kind.__module__, kind.__name__


def _displayer(speaker: Speaker) -> Any:
    def display(value: Clip | Takes) -> None:
        if not speaker.has_shown(value):
            speaker.screen.finished(
                list(value) if isinstance(value, Takes) else [value]
            )

    return display
