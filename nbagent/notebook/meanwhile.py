"""The line that stands in a cell while a language model is asked, and goes away."""

from __future__ import annotations

from uuid import uuid4

from IPython.display import publish_display_data

from nbagent.notebook.markdown import bundle


class Meanwhile:
    """An output of text that changes while the cell runs; in the end it shows nothing."""

    def __init__(self) -> None:
        self._id: str | None = None  # until there is anything to show
        self._text = ""

    def show(self, text: str) -> None:
        """Show this instead of what stood there; nothing takes no room."""
        if text == self._text:
            return
        self._text = text
        is_new = self._id is None
        self._id = self._id or uuid4().hex
        publish_display_data(
            bundle(text), transient={"display_id": self._id}, update=not is_new
        )
