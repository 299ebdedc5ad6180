"""A clip as HTML that plays with no kernel and no server: an element, or a whole page."""

from __future__ import annotations

import base64
import hashlib
import html
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from PIL import Image, ImageFilter, ImageOps

from nbagent.media.frames import Frames
from nbagent.media.subtitles import Cue, webvtt

_SHOWN_PX = (420, 240)  # at most: as large as the player of a cell shows one clip
_LINK_SIZE: Final = (1200, 630)  # what messengers and networks show of a link


def static_html(preview: bytes | None, poster: bytes, label: str = "") -> str:
    """Return a video, or a picture where there is none; equal input, equal text.

    The video plays at once, muted and in a loop.

    Args:
        preview: A small mp4; None for a single image or a clip too large to embed.
        poster: A JPEG of one frame, of the clip's own size.
        label: The accessible name, such as `c1: a red ball`.
    """
    with Image.open(io.BytesIO(poster)) as image:
        width, height = image.size
    # A 128-pixel clip is a stamp on a modern screen: enlarge it, as the player does.
    factor = min(_SHOWN_PX[0] / width, _SHOWN_PX[1] / height)
    size = f'width="{round(width * factor)}" height="{round(height * factor)}"'
    name = html.escape(label)
    still = _data_uri("image/jpeg", poster)
    if preview is None:
        return f'<img {size} alt="{name}" src="{still}">'
    # `src` sits on the video itself: Jupyter's sanitiser strips <source>.
    return (
        f'<video controls autoplay muted loop playsinline {size} aria-label="{name}"'
        f' poster="{still}" src="{_data_uri("video/mp4", preview)}"></video>'
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A clip that the shown one comes from, or itself.

    Attributes:
        name: Such as `c1`.
        words: What was said for it.
        poster: A JPEG of one of its frames, if there is one.
    """

    name: str
    words: str
    poster: bytes | None = None


def share_page(
    video: bytes | None,
    poster: bytes,
    name: str,
    lines: Sequence[str],
    recipe: Mapping[str, Any] | None,
    fps: float,
    cues: Sequence[Cue] = (),
    *,
    made: Sequence[str] = (),
    cell: str = "",
    lineage: Sequence[Step] = (),
    picture: str = "",
) -> str:
    """Return one HTML file with a clip, what it is, and its recipe; it loads nothing.

    Args:
        video: The mp4, whole; None for a single image.
        poster: A JPEG of one frame, of the clip's own size.
        name: Such as `c1`.
        lines: What it is called, and what else anybody may want to know.
        recipe: The take as JSON, to be read by whoever has the file.
        fps: For the arrow keys, which go one frame back and on.
        cues: Subtitles, which the player's own button switches off.
        made: How it was made, for those who unfold that.
        cell: The `%agent` lines that make it, to be copied.
        lineage: The clips that it comes from, and itself, the first first.
        picture: What a link to the page shows: a file beside it, if there is one.
    """
    with Image.open(io.BytesIO(poster)) as image:
        width, height = image.size
    still = _data_uri("image/jpeg", poster)
    label = html.escape(lines[0])
    if video is None:
        media = f'<img class="hero" alt="{label}" src="{still}">'
    else:
        media = (
            '<video class="hero" controls autoplay muted loop playsinline'
            f' aria-label="{label}" data-fps="{fps:g}" poster="{still}"'
            f' src="{_data_uri("video/mp4", video)}">{_track(cues)}</video>'
        )
    file = html.escape(f"{name}.{'jpg' if video is None else 'mp4'}")
    copied = ""
    if cell:
        copied = (
            f'<div class="cell"><pre>{html.escape(cell)}</pre>'
            "<button hidden>Copy</button></div>"
        )
    # "</script>" inside a prompt must not end the element.
    data = json.dumps(recipe, indent=1).replace("<", "\\u003c")
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_policy()}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{label}</title>{_open_graph(lines, picture)}"
        f"<style>{_PAGE_CSS}</style>"
        f'<main style="--w:{width};--h:{height}">{media}'
        f"<h1>{label}</h1>{_paragraphs(lines[1:])}"
        f'<p><a download="{file}" hidden>Download {file}</a></p>'
        "<details><summary>How it was made</summary>"
        f"{_paragraphs(made)}{copied}{_strip(lineage)}"
        '<details><summary>Recipe</summary><pre id="recipe"></pre></details></details>'
        "<footer>Made with nbagent</footer></main>"
        f'<script type="application/json">{data}</script><script>{_PAGE_JS}</script>'
        "</html>\n"
    )


def link_picture(frames: Frames) -> bytes:
    """Return what a link to a page shows: a JPEG of 1200x630 with a clip's middle."""
    image = Image.fromarray(frames[len(frames) // 2])
    ground = ImageOps.fit(image, _LINK_SIZE, Image.Resampling.BICUBIC)
    ground = ground.filter(ImageFilter.GaussianBlur(40)).point(lambda v: v * 0.6)
    shown = ImageOps.contain(image, _LINK_SIZE, Image.Resampling.LANCZOS)
    corner = [(a - b) // 2 for a, b in zip(_LINK_SIZE, shown.size, strict=True)]
    ground.paste(shown, (corner[0], corner[1]))
    out = io.BytesIO()
    ground.save(out, "JPEG", quality=85)
    return out.getvalue()


def _paragraphs(lines: Sequence[str]) -> str:
    return "".join(f"<p>{html.escape(line)}</p>" for line in lines)


def _open_graph(lines: Sequence[str], picture: str) -> str:
    facts = {"type": "video.other", "title": lines[0], "description": lines[-1]}
    facts["site_name"] = "nbagent"
    if picture:
        facts |= {"image": picture, "image:alt": lines[0]}
    return "".join(
        f'<meta property="og:{key}" content="{html.escape(value)}">'
        for key, value in facts.items()
    )


def _strip(lineage: Sequence[Step]) -> str:
    """Return where a clip comes from, if it comes from others."""
    if len(lineage) < 2:
        return ""
    steps = []
    for step in lineage:
        picture = ""
        if step.poster is not None:
            picture = f'<img alt="" src="{_data_uri("image/jpeg", step.poster)}">'
        name, words = html.escape(step.name), html.escape(step.words)
        steps.append(f"<li>{picture}<b>{name}</b> {words}</li>")
    return f"<ol>{''.join(steps)}</ol>"


_PAGE_CSS = """
:root{color-scheme:light dark;font:15px/1.5 system-ui,sans-serif}
body{margin:0;display:grid;min-height:100vh;place-items:center}
main{--all:calc(100vw - 48px);box-sizing:border-box;
--shown:min(var(--all),calc(70vh*var(--w)/var(--h)),max(var(--w)*2px,320px),1200px);
width:calc(max(var(--shown),min(var(--all),560px)) + 48px);padding:24px}
.hero{display:block;width:var(--shown);aspect-ratio:var(--w)/var(--h);
margin:0 auto;border-radius:12px;background:#8882}
h1{margin:20px 0 4px;font-size:21px;font-weight:600;overflow-wrap:anywhere}
p,summary,footer{margin:2px 0;opacity:.75;overflow-wrap:anywhere}
summary{cursor:pointer;margin-top:16px}
footer{margin-top:20px}
pre{overflow:auto;margin:0;font-size:13px}
.cell{display:flex;gap:8px;align-items:start;margin:14px 0;padding:10px 12px;
border-radius:8px;background:#8881}
.cell pre{flex:1;white-space:pre-wrap;overflow-wrap:anywhere}
ol{display:flex;gap:12px;overflow-x:auto;margin:14px 0 0;padding:0 0 8px;list-style:none}
li{flex:0 0 132px;font-size:13px;overflow-wrap:anywhere}
li img{display:block;width:100%;border-radius:8px;margin-bottom:4px}
button{font:inherit;font-size:13px;cursor:pointer}
""".replace("\n", "")

_PAGE_JS = """
const video = document.querySelector("video");
document.querySelector("#recipe").textContent =
  document.querySelector("script[type]").textContent;
addEventListener("keydown", (event) => {
  const by = {ArrowLeft: -1, ArrowRight: 1}[event.key];
  if (!video || !by) return;
  event.preventDefault();
  video.pause();
  const fps = Number(video.dataset.fps);
  const last = Math.round(video.duration * fps) - 1;
  const frame = Math.floor(video.currentTime * fps) + by;
  video.currentTime = (Math.max(0, Math.min(last, frame)) + 0.5) / fps;
});
if (video && matchMedia("(prefers-reduced-motion: reduce)").matches) {
  video.autoplay = false;
  video.pause();
}
const file = document.querySelector("a[download]");
file.href = document.querySelector(".hero").src;
file.hidden = false;
const copy = document.querySelector(".cell button");
if (copy && navigator.clipboard) {
  copy.hidden = false;
  copy.onclick = async () => {
    await navigator.clipboard.writeText(document.querySelector(".cell pre").textContent);
    copy.textContent = "Copied";
  };
}
"""


def _track(cues: Sequence[Cue]) -> str:
    if not cues:
        return ""
    source = _data_uri("text/vtt", webvtt(cues).encode())
    return f'<track default kind="subtitles" label="Subtitles" src="{source}">'


def _policy() -> str:
    """Let the page load nothing, and run no script but its own."""
    digest = base64.b64encode(hashlib.sha256(_PAGE_JS.encode()).digest()).decode()
    return (
        "default-src 'none'; img-src data:; media-src data:; style-src 'unsafe-inline';"
        f" script-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    )


def _data_uri(mime: str, data: bytes) -> str:
    return f"data:{mime};base64,{base64.b64encode(data).decode('ascii')}"
