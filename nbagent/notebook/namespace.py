"""What a turn may name in the notebook: its variables, and what its cells showed.

Made when the extension loads, so that no picture is missed; it imports next to nothing.
"""

from __future__ import annotations

import base64
import sys
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from nbagent.conversation.pictures import Shown

SHOWN = "_shown"
"""What the picture is called that was shown last: "this plot"."""


class Namespace(Mapping[str, Any]):
    """The user's variables, then the picture that was shown last.

    Two more names can be asked for, and are not listed: `output` is the value of the
    last cell that had one, `error` the last error. The user's own come first.
    """

    def __init__(self, shell: InteractiveShell) -> None:
        self._shell = shell
        self._shown: tuple[str, str] | None = None  # PNG in base 64, and its text
        hook = getattr(shell.display_pub, "register_hook", None)
        if hook is not None:  # a kernel; a terminal shows no pictures
            hook(self._see)

    def close(self) -> None:
        """Look at what is shown no more."""
        if hook := getattr(self._shell.display_pub, "unregister_hook", None):
            hook(self._see)

    def __getitem__(self, name: str) -> Any:
        own = self._shell.user_ns
        if name in own:
            return own[name]
        if name == SHOWN and self._shown is not None:
            return _picture(*self._shown)
        if name == "output" and own.get("Out"):
            return list(own["Out"].values())[-1]
        if name == "error" and getattr(sys, "last_value", None) is not None:
            return sys.last_value
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        yield from list(self._shell.user_ns)
        if self._shown is not None:
            yield SHOWN

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def _see(self, message: dict[str, Any]) -> dict[str, Any]:
        """Note a picture on its way to the page, and let it go on."""
        data = message.get("content", {}).get("data", {})
        png = data.get("image/png")
        # Clips and players come with HTML, plots and photos do not.
        if isinstance(png, str) and "text/html" not in data:
            self._shown = png, str(data.get("text/plain", ""))
        return message


def _picture(png: str, text: str) -> Shown:
    from nbagent.conversation.pictures import Shown

    return Shown(png=base64.b64decode(png), is_figure=text.startswith("<Figure"))
