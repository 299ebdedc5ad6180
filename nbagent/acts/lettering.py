"""What every act is that puts a text over a clip: one kind of text, added, changed or gone.

Texts are a layer of their own: they lie over all that is done to the frames, so a clip that
is mirrored, cropped or made anew keeps them as they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, ClassVar, Final, Literal, Self

from nbagent.acts.base import Act, Arg, Cost, Does, Span
from nbagent.acts.shot import Shot
from nbagent.acts.text import (
    MAX_FADE_S,
    MAX_SCALE,
    MAX_SIZE,
    MIN_SCALE,
    MIN_SIZE,
    Kind,
    Place,
    Text,
    colour,
    where,
)
from nbagent.errors import SpecError

_CENTRES: Final = {"center": "middle", "centre": "middle"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Lettering(Act):
    """Put a text over it, change the one that is there, or take it away.

    Attributes:
        of_text: The kind of text.
        is_single: Whether there is one at a time: another takes its place.
    """

    does: ClassVar[Does] = "frames"
    cost: ClassVar[Cost] = "re-cut"
    parts: ClassVar[tuple[Literal["span"]]] = ("span",)
    of_text: ClassVar[Kind]
    is_single: ClassVar[bool] = True

    text: Annotated[str, Arg("its words; left out, they stay as they are")] = ""
    at: Annotated[Place | None, Arg("where it stands")] = None
    x: Annotated[
        float | None,
        Arg("x of its middle, in shares", least=0, most=1, is_private=True),
    ] = None
    y: Annotated[
        float | None,
        Arg("y of its middle, in shares", least=0, most=1, is_private=True),
    ] = None
    size: Annotated[
        float | None,
        Arg(
            "the size of its letters, as a share of the picture's shorter side",
            least=MIN_SIZE,
            most=MAX_SIZE,
            is_private=True,
        ),
    ] = None
    scale: Annotated[
        float | None,
        Arg("times as large as it is: 1.3 is bigger", least=MIN_SCALE, most=MAX_SCALE),
    ] = None
    color: Annotated[str, Arg("its colour")] = ""
    font: Annotated[
        str, Arg("sans, serif, mono or a font on this machine", is_private=True)
    ] = ""
    fade: Annotated[
        float | None,
        Arg(
            "how many seconds it fades in and out",
            least=0,
            most=MAX_FADE_S,
            is_private=True,
        ),
    ] = None
    plate: Annotated[
        bool | None, Arg("whether a plate lies behind it", is_private=True)
    ] = None
    track: Annotated[
        bool | None,
        Arg("whether it is a subtitle track instead of drawn", is_private=True),
    ] = None
    which: Annotated[str, Arg("words of the text that is meant")] = ""
    remove: Annotated[bool, Arg("true to remove it")] = False

    @classmethod
    def of_call(
        cls,
        text: str = "",
        *,
        at: str | Sequence[float] | None = None,
        size: float | None = None,
        scale: float | None = None,
        color: str = "",
        start: float | None = None,
        seconds: float | None = None,
        fade: float | None = None,
        font: str = "",
        plate: bool | None = None,
        track: bool | None = None,
        which: str = "",
        remove: bool = False,
    ) -> Self:
        """Put a text over it, change the one that is there, or take it away.

        It lies over the frames, without diffusion, and stays when the clip is changed.
        What is left out is as usual, or as it was.

        Args:
            text: Its words; lines are parted by a line break.
            at: A place like "bottom" or "top left", or x and y of its middle in shares.
            size: Of its letters, as a share of the picture's shorter side.
            scale: How many times as large as it is: `scale=1.3`.
            color: By name, or like "#ff8800"; usually what is read best there.
            start: Seconds at which it appears.
            seconds: How long it is there.
            fade: Seconds in which it comes and goes.
            font: "sans", "serif", "mono", or a font of this machine by its name.
            plate: Whether a plate lies below it; usually where it could not be read.
            track: Whether it is a subtitle track of the mp4, which players switch on and
                off, and not drawn.
            which: Words of the one that is meant, if there are more.
            remove: Whether it is to go.
        """
        values: dict[str, Any] = {"text": text, "color": color, "font": font}
        values |= {"size": size, "scale": scale, "fade": fade, "plate": plate}
        values |= {"track": track, "which": which, "remove": remove}
        values |= _place(at, cls.of_text)
        if start is not None or seconds is not None:
            begin = 0.0 if start is None else start
            end = None if seconds is None else begin + seconds
            values["span"] = Span(start=begin, end=end)
        return cls(**values)

    def check(self) -> None:
        """Refuse what says nothing, or two things at once."""
        style = self._style()
        if self.remove and (self.text or style or self.span is not None):
            raise SpecError(
                f"the {self.of_text} cannot be removed and changed at once: leave"
                " one out"
            )
        if not (self.remove or self.text or style or self.span is not None):
            raise SpecError(
                f"what should the {self.of_text} say? put its words in quotes, like"
                f' {self.of_text} "Sales tripled"'
            )
        if self.size is not None and self.scale is not None:
            raise SpecError(
                f"the {self.of_text} takes a size or a scale, not both: leave one out"
            )
        if self.color:
            colour(self.color)
        # A text checks what it has itself.
        Text(kind=self.of_text, text=self.text or "-", at=self.at, x=self.x, y=self.y)

    def says(self) -> str:
        """Say which text, or what of it becomes different."""
        of = f' "{self.which}"' if self.which else ""
        if self.remove:
            return f"without the {self.of_text}{of}"
        said = [] if self.at is None else [where(self.at)]
        if self.x is not None and self.y is not None:
            said.append(f"at {self.x:g}, {self.y:g}")
        if self.scale is not None:
            how = "bigger" if self.scale >= 1 else "smaller"
            said.append(f"{how} ({self.scale:g} times)")
        said += [] if self.size is None else [f"size {self.size:g}"]
        said += filter(None, (self.color, self.font))
        said += [] if self.span is None else [f"from {self.span}"]
        said += [] if self.fade is None else [f"fade {self.fade:g} s"]
        if self.plate is not None:
            said.append("on a plate" if self.plate else "without a plate")
        if self.track is not None:
            said.append("as a track" if self.track else "drawn")
        told = str(Text(kind=self.of_text, text=self.text)) if self.text else ""
        if not told:
            return f"{self.of_text}{of}: {', '.join(said)}"
        return ", ".join((told, *said))

    def change(self, shot: Shot, clip_s: float | None) -> Shot:
        """Return a shot with this text over its frames.

        Raises:
            SpecError: If there is none to change, or its time is not inside the clip.
        """
        times = self._times(clip_s)
        alike = self._meant(shot.texts)
        if self.remove:
            return replace(
                shot, texts=tuple(one for one in shot.texts if one not in alike)
            )
        if self.text:
            return replace(shot, texts=self._with_words(shot.texts, alike, times))
        changed = {one: self._styled(one, times) for one in alike}
        return replace(shot, texts=tuple(changed.get(t, t) for t in shot.texts))

    def style(self) -> dict[str, Any]:
        """Return its own values for a text, as far as they are stated."""
        said: dict[str, Any] = self._style()
        if "color" in said:
            said["color"] = colour(self.color)
        if self.at is not None:
            said |= {"x": None, "y": None}
        if self.x is not None:
            said["at"] = None
        if self.size is not None:
            said["scale"] = 1.0
        return said

    def _style(self) -> dict[str, Any]:
        names = ("at", "x", "y", "size", "scale", "color", "font", "plate", "track")
        said = {n: getattr(self, n) for n in names}
        said["fade_s"] = self.fade
        return {n: value for n, value in said.items() if value not in (None, "")}

    def _times(self, clip_s: float | None) -> dict[str, Any]:
        """Return when it is there, if that is stated."""
        if isinstance(self.span, str):
            raise SpecError(
                f"{self.span!r:.60} is not a time that I know: name seconds, like 1"
                " s to 3 s, or the first second"
            )
        if self.span is None:
            return {}
        start_s, end_s = self.span.seconds(clip_s)
        return {"start_s": float(start_s), "end_s": end_s}

    def _meant(self, texts: Sequence[Text]) -> tuple[Text, ...]:
        """Return the texts of its kind that are meant.

        Raises:
            SpecError: If there are none, and there have to be.
        """
        alike = [one for one in texts if one.kind == self.of_text]
        if self.which:
            said = self.which.casefold()
            found = [one for one in alike if said in one.text.casefold()]
            if not found:
                there = ", ".join(map(str, alike)) or f"no {self.of_text}"
                raise SpecError(
                    f"no {self.of_text} says {self.which!r:.40}: the clip has {there}"
                )
            return tuple(found)
        if not alike and not self.text:
            there = ", ".join(map(str, texts))
            raise SpecError(
                f"the clip has no {self.of_text}{f', but {there}' if there else ''}: say"
                f' what it says, like {self.of_text} "Sales tripled"'
            )
        return tuple(alike)

    def _with_words(
        self, texts: Sequence[Text], alike: Sequence[Text], times: dict[str, Any]
    ) -> tuple[Text, ...]:
        """Return texts with the words in the place of those they replace, or after all."""
        new = Text(kind=self.of_text, text=self.text.strip())
        if self.which:
            old = list(alike)
        elif self.is_single:
            at_once = replace(new, **times)
            old = [one for one in alike if not times or one.meets(at_once)]
        else:
            old = [one for one in alike if one.text == new.text]
        if not old:
            return (*texts, replace(new, **self.style(), **times))
        first = self._styled(replace(old[0], text=new.text), times)
        kept = [one for one in texts if one not in old[1:]]
        return tuple(first if one == old[0] else one for one in kept)

    def _styled(self, text: Text, times: dict[str, Any]) -> Text:
        said = self.style()
        if self.scale is not None:
            said["scale"] = round(text.scale * self.scale, 4)
        return replace(text, **said, **times)


def _place(at: str | Sequence[float] | None, kind: str) -> dict[str, Any]:
    """Return a place as an act has it: by its name, or as x and y."""
    if at is None:
        return {}
    if isinstance(at, str):
        words = [_CENTRES.get(word, word) for word in at.lower().split()]
        return {"at": " ".join(words)}
    try:
        x, y = (float(share) for share in at)
    except (TypeError, ValueError):
        raise SpecError(
            f"{kind}: {at!r:.40} is not a place: use one like 'bottom', or x and y"
            " like (0.5, 0.8)"
        ) from None
    return {"x": x, "y": y}
