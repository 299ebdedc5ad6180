"""A clip as a page for people: it plays, and says what was said and where it comes from."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from PIL import Image

from nbagent.errors import StoreError
from nbagent.media import Step, poster_jpeg, preview_mp4, share_page

if TYPE_CHECKING:
    from nbagent.conversation.clip import Clip
    from nbagent.media.subtitles import Cue
    from nbagent.take import Take

_STEPS: Final = 12  # of a lineage; what is older is left out
_THUMBNAIL: Final = (264, 264)  # twice what the strip shows


def page_of(clip: Clip, picture: str, cues: Sequence[Cue]) -> str:
    """Return the page of a clip.

    Args:
        clip: A finished one.
        picture: The file beside it that a link to the page shows.
        cues: Its subtitles.
    """
    video = None
    if clip.path.suffix == ".mp4":
        is_whole = clip.is_whole
        video = (
            clip.path.read_bytes() if is_whole else preview_mp4(clip.frames, clip.fps)
        )
    return share_page(
        video,
        poster_jpeg(clip.frames),
        clip.name,
        (headline(clip), _size(clip)),
        clip.recipe,
        clip.fps,
        cues,
        made=_made(clip),
        cell=cell_of(clip),
        lineage=[_step(one) for one in lineage_of(clip)],
        picture=picture,
    )


def headline(clip: Clip) -> str:
    """Return what a clip is called where it is shown: by its title, or what is in it."""
    chart = clip.take.chart if clip.take else None
    titles = [text.text for text in clip.texts if text.kind == "title"]
    if chart is not None:
        titles.append(chart.title)
    return next(filter(None, titles), clip.prompt or clip.name)


def _size(clip: Clip) -> str:
    """Say how long a clip is, and how large."""
    size = f"{clip.width} × {clip.height} pixels"
    return size if clip.num_frames == 1 else f"{_lasting(clip.duration_s)} · {size}"


def _lasting(seconds: float) -> str:
    """Say a length of time.

    >>> _lasting(1), _lasting(2.04), _lasting(0.53), _lasting(125)
    ('1 second', '2 seconds', '0.5 seconds', '2 min 5 s')
    """
    if seconds >= 60:
        minutes, rest = divmod(round(seconds), 60)
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    return _counted(f"{round(seconds, 1):g}", "second")


def _counted(number: str, one: str) -> str:
    return f"{number} {one}" if number == "1" else f"{number} {one}s"


def _made(clip: Clip) -> list[str]:
    """Say what a clip shows, if its title does not, and how a model rendered it."""
    take, lines = clip.take, []
    if clip.prompt and clip.prompt != headline(clip):
        lines.append(clip.prompt)
    if take is not None and _is_rendered(take):
        steps = _counted(str(take.num_inference_steps), "step")
        lines.append(f"{take.model} · seed {take.seed} · {steps}")
    return lines


def _is_rendered(take: Take) -> bool:
    """Whether a seed and a model say anything of a take."""
    return not (take.is_brought or take.is_drawn or take.is_recut)


def lineage_of(clip: Clip) -> list[Clip]:
    """Return the clips that one comes from, as far as they are known, and itself."""
    path = [clip]
    while len(path) < _STEPS and (parents := path[0].parents):
        path.insert(0, parents[0])
    return path


def cell_of(clip: Clip) -> str:
    """Return the lines of a cell that say what was said, from the first clip on."""
    said = [one.take for one in lineage_of(clip) if one.take and one.take.request]
    if not said or any("\n" in take.request for take in said):
        return ""
    first, *rest = said
    seed = f"--seed {first.seed} " if _is_rendered(first) else ""
    return "\n".join(
        (
            f"%agent {seed}{first.request}",
            *(f"%agent {take.request}" for take in rest),
        )
    )


def _step(clip: Clip) -> Step:
    words = clip.take.request if clip.take else ""
    return Step(name=clip.name, words=words or clip.prompt, poster=_thumbnail(clip))


def _thumbnail(clip: Clip) -> bytes | None:
    try:
        poster = clip.poster
    except (StoreError, OSError):  # it was deleted
        return None
    with Image.open(io.BytesIO(poster)) as image:
        image.thumbnail(_THUMBNAIL)
        out = io.BytesIO()
        image.convert("RGB").save(out, "JPEG", quality=80)
    return out.getvalue()
