"""The two outputs of a turn, of which the page shows exactly one.

Output A is the live player; output B is the same turn without a kernel: a small video
with its poster, in any page, export or viewer. A notebook front end that finds a
widget in an output shows nothing else of that output, not even when the widget's
kernel is gone, hence two outputs beside each other and a style sheet in B that hides
whichever is not needed. Each is published once and never updated: test runners and
executed notebooks lose updates.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from functools import cache
from html import escape
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Protocol

from IPython.display import publish_display_data

from nbagent.take import Take, size_text

if TYPE_CHECKING:
    from nbagent.media.frames import Frames
    from nbagent.notebook.player import Player

WIDGET_MIME = "application/vnd.jupyter.widget-view+json"

PREVIEW_CAP_BYTES = 160_000
"""What one clip may add to the notebook; base64 makes it a third more there."""

OUTPUT_CAP_BYTES = 600_000
"""What all clips of one output may add, so that the text of it stays under 1 MB."""


_STILL_BYTES = 12_000
_STILL_PX = 160


class StaticClip(Protocol):
    """What output B needs of a clip; `nbagent.conversation.clip.Clip` has it."""

    @property
    def name(self) -> str:
        """Its name in the conversation, such as `c1`."""
        ...

    @property
    def prompt(self) -> str:
        """The effective prompt."""
        ...

    @property
    def frames(self) -> Frames:
        """(F, H, W, 3) uint8."""
        ...

    @property
    def fps(self) -> float:
        """Frames per second."""
        ...

    @property
    def take(self) -> Take | None:
        """What it was made from."""
        ...

    @property
    def notes(self) -> tuple[str, ...]:
        """What the player says below it: a loss, a word that is not shown."""
        ...


class Live(Protocol):
    """A widget, as an output needs it."""

    @property
    def model_id(self) -> str:
        """What names it on the page."""
        ...


def show_live(player: Player) -> None:
    """Publish output A, once, when the turn begins."""
    publish_display_data(live_bundle(player))


def show_static(clips: Sequence[StaticClip], text: str | None = None) -> None:
    """Publish output B, once, directly after output A when the turn has ended.

    Args:
        clips: The finished clips; none for a turn that failed or was cancelled.
        text: The output's text/plain and its line when there are no clips; None is
            one caption per clip, and a line of what is to be said of them.
    """
    publish_display_data(static_bundle(clips, text))


def live_bundle(player: Live) -> dict[str, Any]:
    """Return output A: the widget, and a text that shows nothing where it is alone."""
    view = {"version_major": 2, "version_minor": 0, "model_id": player.model_id}
    return {"text/plain": "", WIDGET_MIME: view}


def static_bundle(
    clips: Sequence[StaticClip], text: str | None = None
) -> dict[str, Any]:
    """Return output B: html that plays, a poster, and a stable text."""
    from nbagent import media

    told = " ".join(dict.fromkeys(note for clip in clips for note in clip.notes))
    lines = [*map(caption, clips), *filter(None, [told])]
    plain = "\n".join(lines) if text is None else text
    if not clips:
        line = f"<p>{escape(plain)}</p>" if plain else ""
        return {"text/plain": plain, "text/html": page(line)}
    share = OUTPUT_CAP_BYTES // len(clips)
    scenes = _scenes(clips)
    figures = []
    for clip in sorted(clips, key=lambda clip: clip.name in scenes):  # the film first
        frames, fps = clip.frames, clip.fps
        poster = media.poster_jpeg(frames, media.POSTER_SIDE)
        small = _small(poster, frames)
        line, preview = caption(clip), None
        if len(frames) > 1:
            hard_cap = share - len(poster) - len(small)
            cap = min(PREVIEW_CAP_BYTES, hard_cap)
            preview = media.preview_mp4(frames, fps, cap, hard_cap_bytes=hard_cap)
        element = media.static_html(preview, poster, line)
        still = b64encode(small).decode("ascii")
        look = "nba-scene" if clip.name in scenes else "nba-clip"
        figures.append(
            f'<figure class="{look}" style="--still:url(data:image/jpeg;base64,{still})"'
            f' tabindex="0">{element}<figcaption>{escape(line)}</figcaption></figure>'
        )
    if told:
        figures.append(f'<p class="nba-said">{escape(told)}</p>')
    kind, picture = media.poster(clips[0].frames)
    html = page("".join(figures))
    return {"text/plain": plain, "text/html": html, kind: picture}


def _scenes(clips: Sequence[StaticClip]) -> set[str]:
    """Return the names of clips that a film here shows one after the other."""
    takes = [clip.take for clip in clips if clip.take]
    return {
        clip.name
        for clip in clips
        if clip.take and any(film.shows(clip.take.id) for film in takes)
    }


def _small(poster: bytes, frames: Frames) -> bytes:
    """Return what stands in a clip's place for those who want less motion."""
    if len(poster) <= _STILL_BYTES:
        return poster
    from nbagent import media

    return media.poster_jpeg(frames, _STILL_PX)


def unshown_bundle() -> dict[str, str]:
    """Return an output that says, behind another widget, why that is not shown."""
    html = f'<style>{_style()}</style><div class="nba-unshown"></div>'
    return {"text/plain": "", "text/html": html}


def caption(clip: StaticClip) -> str:
    """Describe a clip in one line that is the same on every run."""
    num_frames, height, width = clip.frames.shape[:3]
    facts = size_text(num_frames, width, height, num_frames / clip.fps)
    return f"{clip.name}: {clip.prompt} ({facts})"


def page(body: str) -> str:
    """Return an output B: it is hidden where the live view before it is shown."""
    still = f"<script>{STILL}</script>" if "<video" in body else ""
    return f'<style>{_style()}</style><div class="nba-static">{body}</div>{still}'


@cache
def _style() -> str:
    """Return the style sheet, with what to install where it shows no widget."""
    major, minor, *_ = version("anywidget").split(".")
    line = (
        "This page cannot show the live view: its Jupyter server needs anywidget"
        f" {major}.{minor}. Run pip install 'anywidget=={major}.{minor}.*' in the"
        " environment where JupyterLab runs, which is not the kernel's, and reload the"
        " page."
    )
    # In the style sheet, which only trusted pages have: others show no widget anyway.
    told = ",".join(_UNSHOWN) + f'{{content:"{line}";{_LINE_LOOK}}}'
    return _CSS + told


# JupyterLab's markup. An output is a `child` with one element beside its prompt: text
# has its mime type there, a widget is a panel, and one that is dead or still loading is
# a panel with bare words. The rules hide B behind a live player, and a player that is
# not alive before a B; something printed in between is no hindrance. They never touch
# other outputs: B may also stand alone, behind whatever the cell has shown.
#
# Where JupyterLab and the kernel have an environment each, the server may know nothing
# of anywidget: its place is taken by a box that says "javascript error". Without any
# widgets the empty text of A is left.
_OUTPUT = ".jp-OutputArea-child"
_PANEL = ".jp-OutputArea-output.lm-Panel"
_PRINTED = '>[data-mime-type^="application/vnd.jupyter.std"]'
# A player of its own, not one that stands in a box with others: that has no B.
_LIVE = f"{_OUTPUT}:has(>.jp-OutputArea-output>*>.nba-live)"
_STATIC = f"{_OUTPUT}:has(.nba-static)"
_FAILED = f"{_OUTPUT}:has(>{_PANEL}>*>.jupyter-widgets-error-widget)"
_NO_WIDGETS = (
    f".lm-Widget{_OUTPUT}:has(>[data-mime-type='text/plain']>pre:first-child:empty)"
)
_DEAD = (
    f"{_OUTPUT}:has(.nba-gone)",
    f"{_OUTPUT}:has(>{_PANEL}):not(:has({_PANEL}>*))",
)
_NEXT_IS_STATIC = (
    f":has(+{_OUTPUT} .nba-static)",
    f":has(+{_OUTPUT}{_PRINTED}):has(+{_OUTPUT}+{_OUTPUT} .nba-static)",
)
_HIDDEN = (
    f"{_LIVE}+{_STATIC}",
    f"{_LIVE}+{_OUTPUT}:has({_PRINTED})+{_STATIC}",
    *(dead + following for dead in (*_DEAD, _FAILED) for following in _NEXT_IS_STATIC),
    f"{_FAILED}:has(+{_OUTPUT} .nba-unshown)",
)
_UNSHOWN = (
    f".lm-Widget{_OUTPUT}:has(>[data-mime-type='text/plain'])"
    f"+{_OUTPUT} .nba-unshown::before",
    *(
        f"{unshown}{between}+{_OUTPUT} :is(.nba-static,.nba-unshown)::before"
        for unshown in (_FAILED, _NO_WIDGETS)
        for between in ("", f"+{_OUTPUT}:has({_PRINTED})")
    ),
)
STILL = (
    'matchMedia("(prefers-reduced-motion: reduce)").matches&&'
    'document.querySelectorAll(".nba-static video").forEach(v=>{'
    "v.autoplay=false;v.pause()})"
)
"""Clips play by themselves, which no style sheet can keep them from."""

_LINE_LOOK = "flex-basis:100%;font-size:12px;opacity:.75"
_LOOK = """
.nba-static{display:flex;flex-wrap:wrap;gap:12px;margin:4px 2px 8px}
.nba-static figure{display:grid;margin:0;width:min-content}
.nba-static figure>:first-child{grid-area:1/1}
.nba-static figure:not(:only-of-type)>*{width:180px;height:auto}
.nba-static .nba-clip:has(+.nba-scene)>*{width:auto}
.nba-static .nba-clip:has(+.nba-scene){flex-basis:100%}
.nba-static .nba-scene>*{width:120px!important}
.nba-static video,.nba-static img{display:block;border-radius:8px}
.nba-static figcaption{margin-top:4px;font-size:12px;opacity:.75}
@media (prefers-reduced-motion:reduce){
.nba-static figure:has(>video):not(:hover,:focus,:focus-within)::before{
grid-area:1/1;z-index:1;border-radius:8px;content:"";
background:var(--still) center/100% 100%}}
.nba-said{flex-basis:100%;margin:0;font-size:12px;opacity:.75}
"""
_CSS = (",".join(_HIDDEN) + "{display:none}" + _LOOK).replace("\n", "")
