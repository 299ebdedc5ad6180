"""What a turn may name in the notebook: its variables, and what its cells showed.

Made when the extension loads, so that no picture is missed; it imports next to nothing.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from nbagent.language.state import SHOWN
from nbagent.notebook.showing import Sent, seen

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell


class Namespace(Mapping[str, Any]):
    """The user's variables, then what was shown last, if it was something to see.

    Two more names can be asked for, and are not listed: `output` is the value of the
    last cell that had one, `error` the last error. The user's own come first.
    """

    def __init__(self, shell: InteractiveShell) -> None:
        self._shell = shell
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
        if name in own:
            return own[name]
        if name == SHOWN and self._shown is not None:
            return self._shown.shown()
        if name == "output" and own.get("Out"):
            return list(own["Out"].values())[-1]
        if name == "error" and getattr(sys, "last_value", None) is not None:
            return sys.last_value
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        # What IPython has put there (`exit`, `open`, `In`) can be asked for as well.
        hidden = self._shell.user_ns_hidden
        for name, value in list(self._shell.user_ns.items()):
            if hidden.get(name, self) is not value:
                yield name
        if self._shown is not None:
            yield SHOWN

    def __len__(self) -> int:
        return sum(1 for _ in self)

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
        self._shown = seen(data) or self._shown
