"""What a turn may name in the notebook: its variables, and what its cells showed.

Made when the extension loads, so that no picture is missed; it imports next to nothing.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, MutableMapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from nbagent.conversation.kinds import BROWSER_CHARTS, look_up
from nbagent.language.state import SHOWN
from nbagent.notebook.showing import Sent, seen

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell


class Namespace(MutableMapping[str, Any]):
    """The user's variables, then what was shown last, if it was something to see.

    Two more names can be asked for, and are not listed: `output` is the value of the
    last cell that had one, `error` the last error. The user's own come first.
    """

    def __init__(self, shell: InteractiveShell) -> None:
        self._shell = shell
        # The conversation's clips under their own names: no variables of the user's.
        self.clips: dict[str, Any] = {}
        self._shown: Sent | None = None
        hook = getattr(shell.display_pub, "register_hook", None)
        if hook is not None:  # a kernel; a terminal shows no pictures
            hook(self._see)
            self._watch_values(shell.displayhook)

    def close(self) -> None:
        """Look at what is shown no more."""
        if hook := getattr(self._shell.display_pub, "unregister_hook", None):
            hook(self._see)
            self._leave_values(self._shell.displayhook)

    def __getitem__(self, name: str) -> Any:
        own = self._shell.user_ns
        if name in own and not self._is_clip(name):
            return own[name]
        if name == SHOWN and self._shown is not None:
            return self._with_value(self._shown).shown()
        if name == "output" and own.get("Out"):
            return list(own["Out"].values())[-1]
        if name == "error" and getattr(sys, "last_value", None) is not None:
            return sys.last_value
        raise KeyError(name)

    def __setitem__(self, name: str, value: Any) -> None:
        """Make a value a variable of the user's."""
        self._shell.user_ns[name] = value

    def __delitem__(self, name: str) -> None:
        del self._shell.user_ns[name]

    def __iter__(self) -> Iterator[str]:
        # What IPython has put there (`exit`, `open`, `In`) can be asked for as well.
        hidden = self._shell.user_ns_hidden
        for name, value in list(self._shell.user_ns.items()):
            if hidden.get(name, self) is not value and not self._is_clip(name):
                yield name
        if self._shown is not None:
            yield SHOWN

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def _is_clip(self, name: str) -> bool:
        return self.clips.get(name, self) is self._shell.user_ns.get(name)

    def _watch_values(self, displayhook: Any) -> None:
        # A cell's value goes another way, which has no hook before ipykernel 7.3.
        self._write = displayhook.write_format_data
        displayhook.write_format_data = self._see_value

    def _leave_values(self, displayhook: Any) -> None:
        if displayhook.write_format_data == self._see_value:
            displayhook.write_format_data = self._write

    def _see(self, message: dict[str, Any]) -> dict[str, Any]:
        """Note what is on its way to the page, and let it go on."""
        self._note(message.get("content", {}).get("data", {}))
        return message

    def _see_value(self, data: dict[str, Any], *args: Any, **options: Any) -> None:
        self._note(data)
        self._write(data, *args, **options)

    def _note(self, data: Mapping[str, Any]) -> None:
        if (shown := seen(data)) is not None:
            figure = self._figure(shown.text) or shown.figure
            cell = self._shell.displayhook.prompt_count
            self._shown = replace(shown, figure=figure, cell=cell)

    def _with_value(self, shown: Sent) -> Sent:
        """Return what was shown, with the chart of Altair or Plotly that it was.

        As HTML alone it tells nothing; but it is the value of the cell that showed it.
        """
        value = self._shell.user_ns.get("Out", {}).get(shown.cell)
        if shown.figure is not None or look_up(value, BROWSER_CHARTS) is None:
            return shown
        return replace(shown, figure=value)

    def _figure(self, text: str) -> Any:
        """Return the figure that is being shown, by what stands for it as text.

        It is the value of the cell, or one of pyplot's, which are shown in order and are
        closed after that.
        """
        if not text.startswith("<Figure"):
            return None
        # As the kernel's own backend finds them; to ask pyplot would make one the current.
        helpers = sys.modules.get("matplotlib._pylab_helpers")
        managers = helpers.Gcf.get_all_fig_managers() if helpers else []
        open_ones = [one.canvas.figure for one in reversed(managers)]
        last = (self._shell.user_ns.get("_"), *open_ones)
        return next((one for one in last if repr(one) == text), None)
