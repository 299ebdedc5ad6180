"""Where the panel goes: beside the notebook in JupyterLab, or in the cell's output."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from IPython.display import publish_display_data

from nbagent.errors import SpecError
from nbagent.notebook.bundle import WIDGET_MIME, unshown_bundle

if TYPE_CHECKING:
    from nbagent.notebook.panel import Panel

PLACES = {
    "right": "right",  # the right sidebar, which stays when notebooks change
    "split": "split-right",  # a column of the main area, wider
    "cell": None,
}

_NO_SIDECAR = (
    "the panel is in the cell: to dock it beside the notebook, install"
    " 'nbagent[panel]' where JupyterLab runs, restart JupyterLab, and run %nbagent"
    " panel again"
)

# Notebook 7 and others take a sidecar and show it nowhere, and a kernel cannot know which
# front end it has. So the cell says where the panel is to be had. A docked panel sets a
# class on the page, which hides this; it is kept back while one may still be coming.
_DOCKED = """<style>
.nba-docked .nba-undocked { display: none; }
@keyframes nba-wait { from, 95% { opacity: 0; } }
.nba-undocked { animation: nba-wait 4s; }
</style><div class="nba-undocked">The panel is not docked on this page:
<code>%nbagent panel cell</code> shows it here.</div>"""


def check_place(place: str | None) -> None:
    """Refuse a place that there is not, before an older panel is closed."""
    if place is not None and place not in PLACES:
        raise SpecError(
            f"the panel cannot go to {place!r}: use one of {', '.join(PLACES)}"
        )


def dock(panel: Panel, place: str | None) -> tuple[Any, str]:
    """Show a panel; return what holds it there, and what the user should know.

    Args:
        panel: The widget.
        place: One of `PLACES`; None is the right side where that can be, else the cell.
    """
    view = {"version_major": 2, "version_minor": 0, "model_id": panel.model_id}
    data = {"text/plain": "nbagent panel", WIDGET_MIME: view}
    note = ""
    if (anchor := PLACES[place or "right"]) is not None:
        try:
            from sidecar import Sidecar
        except ModuleNotFoundError:
            note = _NO_SIDECAR
        else:
            output = {"output_type": "display_data", "data": data, "metadata": {}}
            holder = Sidecar(title="nbagent", anchor=anchor)
            holder.outputs = (output,)
            publish_display_data({"text/plain": "nbagent panel", "text/html": _DOCKED})
            return holder, ""
    publish_display_data(data)
    publish_display_data(unshown_bundle())
    return None, note
