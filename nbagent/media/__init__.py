"""Frames to files and back, with the recipe inside; nothing here renders or stores.

Frames are `(F, H, W, 3)` uint8 RGB arrays everywhere.

    >>> frames, fps = read_video(Path("a.mp4"))
    >>> write_clip(Path("a.webm"), frames[::-1], fps, read_recipe(Path("a.mp4")))
"""

from nbagent.media.drift import drift, palette
from nbagent.media.files import (
    read_media,
    read_plane,
    read_recipe,
    read_size,
    read_video,
    write_clip,
)
from nbagent.media.frames import (
    framed,
    grid_clips,
    join_clips,
    scaled,
    seam,
)
from nbagent.media.images import POSTER_SIDE, animated_webp, png, poster, poster_jpeg
from nbagent.media.page import Step, link_picture, share_page, static_html
from nbagent.media.subtitles import Cue, webvtt
from nbagent.media.video import preview_mp4, replacing, scratch_folder, write_video

__all__ = [
    "POSTER_SIDE",
    "Cue",
    "Step",
    "animated_webp",
    "drift",
    "framed",
    "grid_clips",
    "join_clips",
    "link_picture",
    "palette",
    "png",
    "poster",
    "poster_jpeg",
    "preview_mp4",
    "read_media",
    "read_plane",
    "read_recipe",
    "read_size",
    "read_video",
    "replacing",
    "scaled",
    "scratch_folder",
    "seam",
    "share_page",
    "static_html",
    "webvtt",
    "write_clip",
    "write_video",
]
