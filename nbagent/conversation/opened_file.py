"""A media file that was opened as a clip: what it shows, and what its recipe says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from nbagent.errors import SpecError
from nbagent.take import Take

if TYPE_CHECKING:
    from nbagent.media.frames import Frames

_MOST_NEEDED: Final = 64  # takes that a recipe says another is made of


@dataclass(kw_only=True)
class OpenedFile:
    """A file as it was opened. Its frames are kept: it may be gone tomorrow.

    Attributes:
        part: Which part of it is the clip, and at which rate, as `read_media` takes it.
        take: What it was made from, if its recipe is in it.
        made_of: What that take needs to be rendered again, as the recipe says.
        notes: What was read otherwise than it is in the file.
    """

    path: Path
    fps: float
    part: Mapping[str, Any]
    take: Take | None
    made_of: tuple[Take, ...]
    notes: tuple[str, ...]
    _frames: Frames | None = field(default=None, repr=False)

    def __getstate__(self) -> dict[str, Any]:
        """Be pickled without the frames, which are read again from the file."""
        return vars(self) | {"_frames": None}

    @property
    def frames(self) -> Frames:
        """All frames of the part, (F, H, W, 3) uint8 RGB."""
        if self._frames is None:
            from nbagent.media import read_media

            self._frames = read_media(self.path, **self.part).frames
        return self._frames

    @property
    def is_part(self) -> bool:
        """Whether there is more in the file than the clip."""
        return any(value not in (None, 0) for value in self.part.values())


def open_file(file: str | Path, part: dict[str, Any]) -> OpenedFile:
    """Read a media file; see `Clip.open`.

    Raises:
        MediaError: If it is missing, damaged or of another kind.
        SpecError: If its recipe is one that this version cannot read.
    """
    from nbagent.media import read_media, read_recipe

    path = Path(file).expanduser()
    footage = read_media(path, **part)
    recipe = read_recipe(path)
    try:
        take = None if recipe is None else Take.from_recipe(recipe)
        made_of = _made_of(recipe or {})
    except SpecError as error:
        raise SpecError(f"{path}: {error}") from error
    return OpenedFile(
        path=path.absolute(),
        fps=footage.fps,
        part=part,
        take=take,
        made_of=made_of,
        notes=footage.notes,
        _frames=footage.frames,
    )


def _made_of(recipe: Mapping[str, Any]) -> tuple[Take, ...]:
    """Return what a file says that its clip is made of; it may be anybody's.

    Raises:
        SpecError: If that is no list of takes, or more than nbagent writes.
    """
    said = recipe.get("made_of", [])
    if not isinstance(said, list) or len(said) > _MOST_NEEDED:
        raise SpecError(
            "the recipe is damaged (made_of): save the clip again from its notebook"
        )
    if not all(isinstance(one, Mapping) for one in said):
        raise SpecError("the recipe is damaged (made_of): it cannot be used")
    return tuple(map(Take.from_recipe, said))
