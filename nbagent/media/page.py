"""A clip as HTML that plays with no kernel and no server: an element, or a whole page."""

from __future__ import annotations

import base64
import hashlib
import html
import io
import json
from collections.abc import Mapping, Sequence
from typing import Any

from PIL import Image

_SHOWN_PX = 320


def static_html(preview: bytes | None, poster: bytes, label: str = "") -> str:
    """Return a video, or a picture where there is none; equal input, equal text.

    Args:
        preview: A small mp4; None for a single image or a clip too large to embed.
        poster: A JPEG of one frame, of the clip's own size.
        label: The accessible name, such as `c1: a red ball`.
    """
    with Image.open(io.BytesIO(poster)) as image:
        width, height = image.size
    # A 128-pixel clip is a stamp on a modern screen: enlarge it, as the player does.
    factor = max(1, _SHOWN_PX / width)
    size = f'width="{round(width * factor)}" height="{round(height * factor)}"'
    name = html.escape(label)
    still = _data_uri("image/jpeg", poster)
    if preview is None:
        return f'<img {size} alt="{name}" src="{still}">'
    # `src` sits on the video itself: Jupyter's sanitiser strips <source>.
    return (
        f'<video controls muted loop playsinline {size} aria-label="{name}"'
        f' poster="{still}" src="{_data_uri("video/mp4", preview)}"></video>'
    )


def share_page(
    video: bytes | None,
    poster: bytes,
    name: str,
    lines: Sequence[str],
    recipe: Mapping[str, Any] | None,
    fps: float,
) -> str:
    """Return one HTML file with a clip, what it is, and its recipe; it loads nothing.

    Args:
        video: The mp4, whole; None for a single image.
        poster: A JPEG of one frame, of the clip's own size.
        name: Such as `c1`.
        lines: What is said of it, the first as the page's title.
        recipe: The take as JSON, to be read by whoever has the file.
        fps: For the arrow keys, which go one frame back and on.
    """
    with Image.open(io.BytesIO(poster)) as image:
        width, height = image.size
    still = _data_uri("image/jpeg", poster)
    label = html.escape(f"{name}: {lines[0]}")
    if video is None:
        media = f'<img alt="{label}" src="{still}">'
    else:
        media = (
            "<video controls autoplay muted loop playsinline"
            f' aria-label="{label}" data-fps="{fps:g}" poster="{still}"'
            f' src="{_data_uri("video/mp4", video)}"></video>'
        )
    first, *rest = (html.escape(line) for line in lines)
    facts = "".join(f"<p>{line}</p>" for line in rest)
    # "</script>" inside a prompt must not end the element.
    data = json.dumps(recipe, indent=1).replace("<", "\\u003c")
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_policy()}">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{label}</title><style>{_PAGE_CSS}</style>"
        f'<main style="--w:{width};--h:{height}">{media}'
        f"<h1>{first}</h1>{facts}"
        f"<details><summary>Recipe</summary><pre></pre></details></main>"
        f'<script type="application/json">{data}</script><script>{_PAGE_JS}</script>'
        "</html>\n"
    )


_PAGE_CSS = """
:root{color-scheme:light dark;font:15px/1.5 system-ui,sans-serif}
body{margin:0;display:grid;min-height:100vh;place-items:center}
main{--all:calc(100vw - 48px);
--shown:min(var(--all),calc(70vh*var(--w)/var(--h)),1200px);
width:max(var(--shown),min(var(--all),420px));padding:24px}
video,img{display:block;width:var(--shown);aspect-ratio:var(--w)/var(--h);
border-radius:10px;background:#8882}
h1{margin:20px 0 4px;font-size:19px;font-weight:600}
p,summary{margin:2px 0;opacity:.7;overflow-wrap:anywhere}
summary{cursor:pointer}
pre{overflow:auto;font-size:12px}
""".replace("\n", "")

_PAGE_JS = """
const video = document.querySelector("video");
document.querySelector("pre").textContent =
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
if (video && matchMedia("(prefers-reduced-motion: reduce)").matches) video.pause();
"""


def _policy() -> str:
    """Let the page load nothing, and run no script but its own."""
    digest = base64.b64encode(hashlib.sha256(_PAGE_JS.encode()).digest()).decode()
    return (
        "default-src 'none'; img-src data:; media-src data:; style-src 'unsafe-inline';"
        f" script-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    )


def _data_uri(mime: str, data: bytes) -> str:
    return f"data:{mime};base64,{base64.b64encode(data).decode('ascii')}"
