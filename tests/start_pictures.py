"""The moving pictures of `%nbagent start`, made by the turns that they show.

    python -m tests.start_pictures

says each example to the real engine, as a click does, and writes what comes of it into
the package: a webp of at most 66 kB each, so that all of them have less than 400.
"""

from __future__ import annotations

import io
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image

from nbagent.conversation.context import variables
from nbagent.conversation.session import Session
from nbagent.jobs.engine import Engine
from nbagent.media.frames import Frames
from nbagent.notebook.options import check_options
from nbagent.notebook.start import EXAMPLES, PICTURES, Example
from nbagent.settings import Settings

MOST_BYTES: Final = 66_000
_SIZE: Final = (320, 240)  # width and height; a tile is shown at two thirds of it
_FPS: Final = 8
_SEED: Final = 7


def main() -> int:
    """Write the pictures of all examples; return the exit code."""
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as home:
        folder = Path(home)
        settings = replace(
            Settings.from_env({}),
            store=folder / "store",
            runtime=folder / "run",
            grace_s=2.0,
        )
        with Engine(settings) as engine:
            session = Session(settings=settings, engine=engine)
            for example in EXAMPLES:
                webp = to_webp(*frames_of(session, example))
                (PICTURES / f"{example.name}.webp").write_bytes(webp)
                sys.stdout.write(f"{example.name}: {len(webp):,} bytes\n")
            session.ledger.close()
    return 0


def frames_of(session: Session, example: Example) -> tuple[Frames, float]:
    """Return the frames that come of an example, and their rate."""
    values: dict[str, object] = {}
    exec(example.data, values)
    del values["__builtins__"]
    # A chart is laid out for the size of its tile, so that its numbers can be read.
    options = check_options({"size": "480x360"} if values else {"seed": _SEED})
    reply = session.hear(
        example.turn, options, variables=variables(values), values=values
    )
    assert reply.answer is None, reply.answer
    rendering = session.render(reply)
    rendering.start(lambda *_: None)
    rendering.wait()
    (clip,) = rendering.clips
    return clip.frames, clip.fps


def to_webp(frames: Frames, fps: float) -> bytes:
    """Return a light animation; of charts, with a rest at their end."""
    keep = max(1, round(fps / _FPS))
    pictures = [_fitted(Image.fromarray(one)) for one in frames[::keep]]
    if fps > _FPS:
        pictures += [pictures[-1]] * (2 * _FPS)
    for quality in range(82, 10, -4):
        out = io.BytesIO()
        pictures[0].save(
            out,
            "WEBP",
            save_all=True,
            append_images=pictures[1:],
            duration=round(1000 * keep / fps),
            loop=0,
            quality=quality,
            method=6,
        )
        if out.tell() <= MOST_BYTES:
            return out.getvalue()
    raise SystemExit("no quality is small enough: show fewer frames")


def _fitted(picture: Image.Image) -> Image.Image:
    """Fill the tile with a photo; show all of a chart, on its own background."""
    width, height = _SIZE
    is_chart = picture.width > picture.height
    scale = (min if is_chart else max)(width / picture.width, height / picture.height)
    size = (round(picture.width * scale), round(picture.height * scale))
    scaled = picture.resize(size, Image.Resampling.LANCZOS)
    corner = tuple(int(v) for v in np.asarray(picture)[0, 0])
    tile = Image.new("RGB", _SIZE, corner)
    tile.paste(scaled, ((width - size[0]) // 2, (height - size[1]) // 2))
    return tile


if __name__ == "__main__":
    raise SystemExit(main())
