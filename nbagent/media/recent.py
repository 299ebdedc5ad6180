"""Frames of files that were read of late, within a bound: a clip is no place to keep them.

A kernel shows hundreds of clips and looks at a few. Whoever holds frames has them as
long as they are held; beside that, only the last ones read are kept, for loops such as
`for i in range(clip.num_frames): clip.frames[i]`.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Final
from weakref import WeakValueDictionary

from nbagent.media.files import read_video
from nbagent.media.frames import Frames

MAX_CLIPS: Final = 4
MAX_BYTES: Final = 256_000_000
"""What these may take together; the one read last stays, whatever its size."""

_Version = tuple[Path, int, int]


class RecentFrames:
    """The frames of files, read when asked for; any thread may ask."""

    def __init__(self) -> None:
        self._held: WeakValueDictionary[_Version, Frames] = WeakValueDictionary()
        self._recent: dict[_Version, Frames] = {}  # the newest last
        self._lock = threading.Lock()

    def read(self, path: Path) -> Frames:
        """Return the frames of a file, (F, H, W, 3) uint8, not to be written into.

        Raises:
            MediaError: If the file is missing or damaged.
        """
        status = path.stat() if path.exists() else None
        # A file that is written anew is another one.
        version = (path, *((status.st_size, status.st_mtime_ns) if status else (0, 0)))
        with self._lock:
            frames = self._held.get(version)
        if frames is None:
            frames = read_video(path)[0]
            frames.flags.writeable = False  # others have the same array
        with self._lock:
            frames = self._held.setdefault(version, frames)
            self._recent.pop(version, None)
            self._recent[version] = frames
            self._drop()
        return frames

    def _drop(self) -> None:
        while len(self._recent) > 1 and (
            len(self._recent) > MAX_CLIPS
            or sum(frames.nbytes for frames in self._recent.values()) > MAX_BYTES
        ):
            del self._recent[next(iter(self._recent))]
