"""From frames to an artifact: the one way a finished take reaches the store.

The worker uses it after decoding, the kernel after re-cutting a parent's frames, so
that both leave the same files: an mp4 with its recipe inside, a poster, the facts.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import MappingProxyType

import numpy as np

from nbagent import media
from nbagent.ledger import Artifact, Ledger, store_errors
from nbagent.take import Take


def store_frames(
    ledger: Ledger,
    take: Take,
    frames: np.ndarray,
    fps: float,
    *,
    latents: str | None,
    seconds_rendered: float,
    approximations: Sequence[str] = (),
    seen: Mapping[str, str] = MappingProxyType({}),
    scores: Mapping[str, float] = MappingProxyType({}),
    cues: Sequence[media.Cue] = (),
) -> Artifact:
    """Write a take's files and record them.

    Args:
        ledger: The store.
        take: What the frames were made from; its recipe goes into the mp4.
        frames: (F, H, W, 3) uint8, effects applied.
        fps: Frames per second of these frames.
        latents: Digest of the final latents, if there are any.
        seconds_rendered: Time spent on the take.
        approximations: What was done otherwise than the take says for want of memory;
            stands in the file's recipe, since rendering it elsewhere may differ.
        seen: What a scorer read in the frames before effects.
        scores: What it gave them, by aspect.
        cues: Subtitles that go into the file as a track.

    Returns:
        The artifact, as recorded.
    """
    num_frames, height, width = frames.shape[:3]
    recipe = ledger.recipe(take)
    if approximations:
        recipe["approximations"] = list(approximations)
    with store_errors(ledger.folder), tempfile.TemporaryDirectory() as scratch:
        is_image = take.media == "image"
        path = Path(scratch) / ("image.png" if is_image else "clip.mp4")
        media.write_clip(path, frames, fps, recipe, cues)
        if is_image:  # a PNG loses nothing, and is its own poster
            video, poster = None, ledger.put_file(path, ".png")
        else:
            files = ((path, ".mp4"), (media.poster_jpeg(frames), ".jpg"))
            with ThreadPoolExecutor(len(files)) as pool:  # the disk is waited for once
                video, poster = pool.map(lambda file: ledger.put_file(*file), files)
        artifact = Artifact(
            video=video,
            poster=poster,
            latents=latents,
            num_frames=num_frames,
            fps=fps,
            height=height,
            width=width,
            duration_s=num_frames / fps,
            size_bytes=path.stat().st_size,
            seconds_rendered=seconds_rendered,
            seen=dict(seen),
            scores=dict(scores),
        )
    ledger.put_artifact(take.id, artifact)
    return artifact
