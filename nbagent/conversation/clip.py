"""`Clip`: what `clip = %agent ...` returns, and what a saved file opens as.

A clip is a view: it looks its facts up in the ledger, or in one file, when asked. It
renders nothing by itself; `remix` hands words to the conversation it came from, and a
method for each act (see `nbagent.acts`) hands that act. It may be copied, pickled and stored: what travels is where it lies and what it was made
from, never its frames.

    >>> clip = Clip.open("rocket.mp4")
    >>> clip.frames.shape, clip.fps, clip.prompt
    ((16, 64, 64, 3), 8.0, 'a rocket, desert, rising')
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self
from weakref import WeakValueDictionary

from nbagent.acts.text import Text, texts_of
from nbagent.conversation.asking import Asking, Remixer
from nbagent.conversation.opened_file import OpenedFile, open_file
from nbagent.conversation.saving import write
from nbagent.conversation.selection import Selection
from nbagent.errors import MediaError, SpecError, StoreError
from nbagent.ledger import Artifact, Ledger
from nbagent.take import Take, size_text

if TYPE_CHECKING:
    from nbagent.media import Cue
    from nbagent.media.drift import Drift
    from nbagent.media.frames import Frames
    from nbagent.media.recent import RecentFrames

_LEDGERS: Final[WeakValueDictionary[Path, Ledger]] = WeakValueDictionary()
"""Of the clips that came back from a pickle: one for each store."""

Viewer = Callable[["Clip"], Any]


class Clip(Asking):
    """A finished clip.

    Attributes:
        name: Its name in the conversation, such as `c1`, or the name of its file.
        take: What it was made from; None for a file without a recipe.
        notes: The lines below the player, such as what its model cannot show; of an
            opened file, how it was read differently, such as at a different rate.
    """

    def __init__(
        self,
        ledger: Ledger | None,
        take: Take | None,
        name: str,
        remixer: Remixer | None = None,
        viewer: Viewer | None = None,
        selections: Mapping[str, Selection] | None = None,
    ) -> None:
        self.name = name
        self.take = take
        self._ledger = ledger
        self._remixer = remixer
        self._viewer = viewer
        self._selections = {} if selections is None else selections
        self._file: OpenedFile | None = None
        self.notes: tuple[str, ...] = ()

    @classmethod
    def open(
        cls,
        file: str | Path,
        ledger: Ledger | None = None,
        *,
        start_s: float = 0.0,
        end_s: float | None = None,
        fps: float | None = None,
    ) -> Self:
        """Open a media file that was saved here or anywhere else.

        It is read the way players show it; `notes` says where it had to differ.

        Args:
            file: A film (mp4, mov, webm, mkv, avi, ...), an animation or a picture
                (gif, webp, png, jpeg, ...), or a folder of png frames.
            ledger: Where its parents may be found.
            start_s: Seconds into a film at which to begin.
            end_s: Seconds into it at which to stop; None is its end.
            fps: The rate to read it at; None is its own.

        Raises:
            MediaError: If the file is missing, damaged or of another kind.
            SpecError: If this version cannot read its recipe, or the part is empty.
        """
        opened = open_file(file, {"start_s": start_s, "end_s": end_s, "fps": fps})
        clip = cls(ledger, opened.take, opened.path.stem)
        clip._file, clip.notes = opened, opened.notes
        return clip

    def __copy__(self) -> Self:
        """Return the same clip again; there is nothing in it that could differ."""
        copy = type(self).__new__(type(self))
        vars(copy).update(vars(self))
        vars(copy).pop("player", None)  # its widget is the other's
        return copy

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        """Return the same clip again."""
        return self.__copy__()

    def __reduce__(self) -> tuple[Any, ...]:
        """Be pickled: by store and recipe, or by file."""
        store = None if self._ledger is None else self._ledger.folder.absolute()
        return _restored, (store, self.recipe, self.name, self._file, self.notes)

    @property
    def is_opened(self) -> bool:
        """Whether it comes from an opened file instead of a conversation."""
        return self._file is not None

    @property
    def recipe(self) -> dict[str, Any] | None:
        """The take as JSON, enough to render it again; None if the file had none."""
        if self.take is None:
            return None
        if self._file is None and self._ledger is not None:
            return self._ledger.recipe(self.take)
        recipe = self.take.to_recipe()
        if self.made_of:
            recipe["made_of"] = [take.to_recipe() for take in self.made_of]
        return recipe

    @property
    def made_of(self) -> tuple[Take, ...]:
        """What its take needs to be rendered again, as far as it is known here."""
        if self._file is not None:
            return self._file.made_of
        if self._ledger is None or self.take is None:
            return ()
        return self._ledger.made_of(self.take)

    @property
    def prompt(self) -> str:
        """The effective prompt, empty if it is not known."""
        return "" if self.take is None else self.take.prompt

    @property
    def seed(self) -> int | None:
        """The seed it was rendered from, if known."""
        return None if self.take is None else self.take.seed

    @property
    def frames(self) -> Frames:
        """All frames, (F, H, W, 3) uint8 RGB, read when asked for.

        The last few are kept in memory, so do not write into them: draw on a
        `clip.frames.copy()`.
        """
        if self._file is None:
            return _recent().read(self.path)
        return self._file.frames

    @property
    def path(self) -> Path:
        """The file on disk: in the store, or the one it was opened from."""
        if self._file is not None:
            return self._file.path
        assert self._ledger is not None
        artifact = self._artifact
        return self._ledger.path(artifact.video or artifact.poster)

    @property
    def poster(self) -> bytes:
        """One frame as a JPEG, from the store or from the file."""
        if self._file is not None:
            from nbagent.media import poster_jpeg

            return poster_jpeg(self.frames)
        assert self._ledger is not None
        return self._ledger.path(self._artifact.poster).read_bytes()

    @property
    def fps(self) -> float:
        """Frames per second."""
        return self._artifact.fps if self._file is None else self._file.fps

    @property
    def num_frames(self) -> int:
        """Frames in the clip, effects included."""
        return self._artifact.num_frames if self._file is None else len(self.frames)

    @property
    def height(self) -> int:
        """Rows of pixels."""
        if self._file is None:
            return self._artifact.height
        return int(self.frames.shape[1])

    @property
    def width(self) -> int:
        """Columns of pixels."""
        if self._file is None:
            return self._artifact.width
        return int(self.frames.shape[2])

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return self.num_frames / self.fps

    @property
    def seam(self) -> float:
        """How much it jumps from its end to its beginning; about 1 if it loops.

        In units of the usual change from one frame to the next.
        """
        from nbagent.media import seam

        return seam(self.frames)

    @property
    def drift(self) -> Drift:
        """How far it has drifted from the first clip of its lineage; see `media.drift`.

        Raises:
            StoreError: If that clip was removed.
        """
        from nbagent.media import drift

        first = self
        if self._ledger is not None and self.take is not None:
            for take in self._ledger.ancestors(self.take.id)[:1]:
                first = Clip(self._ledger, take, "the first clip")
        return drift(self.frames, first.frames)

    @cached_property
    def player(self) -> Any:
        """A player for just this clip, a widget to place beside others.

        >>> HBox([a.player, b.player])
        >>> jslink((a.player, "time"), (b.player, "time"))
        """
        if self._viewer is None:
            raise SpecError(
                f"{self.name} does not belong to a conversation here: run"
                " %load_ext nbagent, then show a clip of this notebook"
            )
        return self._viewer(self)

    @property
    def selection(self) -> Selection | None:
        """What is selected in its player, if anything.

        >>> clip.frames[clip.selection.index]  # that part, as an array
        >>> clip.inpaint(clip.selection, "at night")
        """
        return None if self.take is None else self._selections.get(self.take.id)

    @property
    def parents(self) -> tuple[Clip, ...]:
        """The clips it was made from, as far as this store knows them."""
        if self._ledger is None or self.take is None:
            return ()
        ledger = self._ledger
        return tuple(
            Clip(
                ledger,
                take,
                ledger.name_of(take.id) or "parent",
                self._remixer,
                self._viewer,
                self._selections,
            )
            for take in ledger.parents(self.take.id)
        )

    def save(self, path: str | Path) -> Path:
        """Write the clip with its recipe: mp4, webm, gif, webp, or a folder of png.

        The clip's own format is copied byte for byte; other formats are encoded. A
        `.html` is one page that plays the clip anywhere; a `.json` is just the recipe.
        Subtitle tracks stay tracks in mp4 and html, and are drawn in other formats.
        """
        return write(self, path)

    @property
    def texts(self) -> tuple[Text, ...]:
        """The texts over it: titles, captions, labels and subtitles, the lowest first."""
        return () if self.take is None else texts_of(self.take)

    @property
    def cues(self) -> tuple[Cue, ...]:
        """The subtitles of its track."""
        if not any(text.track for text in self.texts):
            return ()
        from nbagent.charts.lettering import cues

        return cues(self.texts, self.duration_s)

    def __repr__(self) -> str:
        """Return one line that is the same on every run: no path, id or time."""
        try:
            size = (self.num_frames, self.width, self.height)
            facts = size_text(*size, self.duration_s)
        except (StoreError, MediaError):
            facts = "not rendered, or its file is gone"
        note = ", no recipe" if self.take is None else ""
        return f"Clip {self.name} ({'; '.join((facts + note, *self.notes))})"

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        """Show the clip where it stands alone in a cell: it plays without a kernel."""
        from nbagent import media

        plain = repr(self)
        try:
            frames, fps = self.frames, self.fps
        except (StoreError, MediaError):
            return {"text/plain": plain}
        preview = media.preview_mp4(frames, fps) if len(frames) > 1 else None
        still = media.poster_jpeg(frames, media.POSTER_SIDE)
        element = media.static_html(preview, still, self.name)
        kind, picture = media.poster(frames)
        return {
            "text/plain": plain,
            # No class of the player's style sheet: alone, it must not hide anything.
            "text/html": f"<div>{element}</div>",
            kind: picture,
        }

    @property
    def is_whole(self) -> bool:
        """Whether its file holds just this clip, and no more of a longer film."""
        is_part = self._file is not None and self._file.is_part
        return self.path.is_file() and not is_part

    def belong(
        self,
        ledger: Ledger,
        remixer: Remixer,
        viewer: Viewer | None,
        selections: Mapping[str, Selection],
    ) -> None:
        """Belong to a conversation from here on; where it lies, it stays."""
        self._ledger = self._ledger or ledger
        self._remixer, self._viewer = remixer, viewer
        self._selections = selections

    @property
    def _artifact(self) -> Artifact:
        assert self._ledger is not None
        assert self.take is not None
        artifact = self._ledger.artifact(self.take.id)
        if artifact is None:
            if not self._ledger.folder.exists():
                raise StoreError(
                    f"{self.name} is stored in {self._ledger.folder}, which is not"
                    " on this machine: save it there with clip.save(...), and open"
                    " that file"
                )
            raise StoreError(
                f"{self.name} has no file, because it was not rendered or was"
                " removed: run its turn again"
            )
        return artifact


def _restored(
    store: Path | None,
    recipe: Mapping[str, Any] | None,
    name: str,
    file: OpenedFile | None,
    notes: tuple[str, ...],
) -> Clip:
    """Return a clip as it was pickled; its facts and frames are read when asked for."""
    ledger = None
    if store is not None:
        ledger = _LEDGERS.get(store) or Ledger(store)
        _LEDGERS[store] = ledger
    take = None if recipe is None else Take.from_recipe(recipe)
    clip = Clip(ledger, take, name)
    vars(clip).update(_file=file, notes=notes)
    return clip


@functools.cache
def _recent() -> RecentFrames:
    from nbagent.media.recent import RecentFrames

    return RecentFrames()
