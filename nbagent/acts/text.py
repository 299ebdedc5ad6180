"""A text that lies over a clip, as a value: its words, its place, its time, its look.

With the frames below it, it says every pixel that is drawn. Nothing here draws.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, fields
from difflib import get_close_matches
from typing import Any, Final, Literal, get_args

from nbagent.errors import SpecError
from nbagent.take import TEXTS, Take

Kind = Literal["title", "caption", "label", "lower third", "subtitle"]
Place = Literal[
    "top left",
    "top",
    "top right",
    "left",
    "middle",
    "right",
    "bottom left",
    "bottom",
    "bottom right",
]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
PLACES: Final[tuple[Place, ...]] = get_args(Place)

MAX_CHARS: Final = 1000
MIN_SIZE: Final = 0.01
MAX_SIZE: Final = 0.6
MIN_SCALE: Final = 0.1
MAX_SCALE: Final = 10.0
MAX_FADE_S: Final = 10.0
_SHOWN_CHARS: Final = 40
_NUMBERS: Final = ("x", "y", "size", "scale", "start_s", "end_s", "fade_s")


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A text over a clip. What is None or empty is as usual for its kind.

    Attributes:
        kind: What it is for: it says where it stands and how large, if nobody does.
        text: The words; lines are parted by a line break.
        at: Where it stands, within the safe margin.
        x: Where its middle is, as a share of the picture's width; with `y`.
        y: As a share of its height, from the top.
        size: Of its letters, as a share of the picture's shorter side.
        scale: How many times as large as that, or as usual.
        color: As "#rrggbb"; empty is white or black, whichever is read better there.
        font: "sans", "serif", "mono", or a font of the machine by its name.
        start_s: When it appears, in seconds of the clip as it plays.
        end_s: When it is gone; None is the clip's end.
        fade_s: How long it comes and goes.
        plate: Whether a plate lies below it; None is where it could not be read without.
        track: Whether it is a subtitle track of the file, and not drawn.
    """

    kind: Kind
    text: str
    at: Place | None = None
    x: float | None = None
    y: float | None = None
    size: float | None = None
    scale: float = 1.0
    color: str = ""
    font: str = ""
    start_s: float = 0.0
    end_s: float | None = None
    fade_s: float | None = None
    plate: bool | None = None
    track: bool = False

    def __post_init__(self) -> None:
        """Refuse what is no text.

        Raises:
            SpecError: With what it may be.
        """
        _check_words(self.kind, self.text)
        if (self.x is None) != (self.y is None):
            raise SpecError(f"{self.kind}: a point has an x and a y: give both")
        if self.x is not None and self.at is not None:
            raise SpecError(
                f"{self.kind}: it is placed {self.at} and at x and y: leave one out"
            )
        for share in (self.x, self.y):
            if share is not None and not 0 <= share <= 1:
                raise SpecError(
                    f"{self.kind}: {share:g} is outside the picture: x and y are shares of"
                    " it, 0 to 1"
                )
        _check(self.kind, "size", self.size, MIN_SIZE, MAX_SIZE)
        _check(self.kind, "scale", self.scale, MIN_SCALE, MAX_SCALE)
        _check(self.kind, "fade", self.fade_s, 0, MAX_FADE_S)
        if self.start_s < 0 or (self.end_s is not None and self.end_s <= self.start_s):
            raise SpecError(
                f"{self.kind}: {self.start_s:g} s to {self.end_s or 0:g} s is"
                " empty: its end must come after its start, like 0 to 2"
            )

    def __str__(self) -> str:
        """Say which it is: `title: "Sales tripled"`."""
        said = " / ".join(" ".join(line.split()) for line in self.text.splitlines())
        short = said if len(said) <= _SHOWN_CHARS else f"{said[: _SHOWN_CHARS - 1]}…"
        return f'{self.kind}: "{short}"'

    def says(self) -> str:
        """Say it with all that is not as usual."""
        return ", ".join((str(self), *self._details()))

    def _details(self) -> list[str]:
        said = [] if self.at is None else [where(self.at)]
        if self.x is not None and self.y is not None:
            said.append(f"at {self.x:g}, {self.y:g}")
        said += [] if self.size is None else [f"size {self.size:g}"]
        said += [] if self.scale == 1 else [f"{self.scale:.3g} times as large"]
        said += filter(None, (self.color, self.font))
        if self.start_s or self.end_s is not None:
            until = "the end" if self.end_s is None else f"{self.end_s:g} s"
            said.append(f"{self.start_s:g} s to {until}")
        said += [] if self.fade_s is None else [f"fade {self.fade_s:g} s"]
        if self.plate is not None:
            said.append("on a plate" if self.plate else "without a plate")
        return [*said, "as a track"] if self.track else said

    def meets(self, other: Text) -> bool:
        """Return whether there is a moment at which both are there."""
        mine, theirs = (
            float("inf") if one.end_s is None else one.end_s for one in (self, other)
        )
        return self.start_s < theirs and other.start_s < mine

    def to_json(self) -> dict[str, Any]:
        """Return it as plain JSON, without what is as usual."""
        return {
            one.name: value
            for one in fields(self)
            if (value := getattr(self, one.name)) != one.default
        }

    @classmethod
    def from_json(cls, data: object) -> Text:
        """Rebuild it from untrusted JSON.

        Raises:
            SpecError: If it is none.
        """
        if not isinstance(data, Mapping):
            raise SpecError(
                f"{data!r:.40} is not a text over a clip: say its turn again"
            )
        values = {one.name: data[one.name] for one in fields(cls) if one.name in data}
        kinds: dict[str, tuple[type, ...]] = {
            **dict.fromkeys(("kind", "text", "at", "color", "font"), (str,)),
            **dict.fromkeys(_NUMBERS, (int, float)),
            **dict.fromkeys(("plate", "track"), (bool,)),
        }
        for name, value in values.items():
            is_number = name in _NUMBERS
            is_right = isinstance(value, kinds[name])
            if not is_right or (is_number and not _is_number(value)):
                raise SpecError(f"a text's {name} cannot be {value!r:.40}")
        if values.get("kind") not in KINDS or values.get("at", "top") not in PLACES:
            raise SpecError(
                f"a text of kind {values.get('kind')!r:.20} at"
                f" {values.get('at')!r:.20} is unknown: use {', '.join(KINDS)}"
            )
        if "text" not in values:
            raise SpecError(
                "a text over a clip has no words: say its turn again, with words in"
                " quotes"
            )
        return cls(**values)


def texts_of(take: Take) -> tuple[Text, ...]:
    """Return the texts over a take's frames, the lowest first.

    Raises:
        SpecError: If its recipe is somebody's, and they are none.
    """
    return tuple(map(Text.from_json, take.shot.get(TEXTS, ())))


def where(place: Place) -> str:
    """Say where a place is.

    >>> where("top left"), where("middle")
    ('at the top left', 'in the middle')
    """
    lead = "in the" if place == "middle" else "at the"
    return f"{lead} {place}"


def colour(said: str) -> str:
    """Return a colour as "#rrggbb": by its code, or by a name of CSS or of the xkcd survey.

    >>> colour("light green"), colour("#F80")
    ('#90ee90', '#ff8800')

    Raises:
        SpecError: If it is none.
    """
    from PIL import ImageColor

    plain = said.strip().lower()
    names = (plain, plain.replace(" ", ""), _CALLED.get(plain, ""))
    for name in filter(None, names):
        try:
            red, green, blue = ImageColor.getrgb(name)[:3]
        except ValueError:
            continue
        return f"#{red:02x}{green:02x}{blue:02x}"
    try:
        from matplotlib.colors import to_hex

        return str(to_hex(f"xkcd:{plain}"))
    except (ImportError, ValueError):
        near = get_close_matches(plain, ImageColor.colormap, 2, 0.6)
        like = " or ".join(near) or "white, dark red or #ff8800"
        raise SpecError(
            f"{said!r:.40} is not a colour that I know: use one like {like}"
        ) from None


def colour_name(code: str) -> str:
    """Return what CSS calls a colour that is "#rrggbb"; the code if it has no name.

    >>> colour_name("#90ee90"), colour_name("#ff0000"), colour_name("#102030")
    ('light green', 'red', '#102030')
    """
    from PIL import ImageColor

    named = {colour(name): name for name in ImageColor.colormap}
    name = named.get(code, code)
    shade = next((one for one in _SHADES if name.startswith(one)), "")
    return f"{shade} {name[len(shade) :]}" if shade else name


_SHADES: Final = ("light", "dark", "medium", "pale", "deep")
# Colours that turns name and neither list has.
_CALLED: Final[Mapping[str, str]] = {
    "golden": "gold",
    "sky blue": "skyblue",
    "royal blue": "royalblue",
    "cobalt": "#0047ab",
    "viridian": "#40826d",
    "neon green": "#39ff14",
    "neon pink": "#ff6ec7",
}


def _check_words(kind: str, text: str) -> None:
    if not text.strip():
        raise SpecError(f'the {kind} is empty: put its words in quotes, like "2025"')
    if len(text) > MAX_CHARS:
        raise SpecError(
            f"{kind}: {len(text)} characters are more than a picture holds: use up to"
            f" {MAX_CHARS}"
        )
    for char in text:
        if char not in "\n\t" and unicodedata.category(char) in ("Cc", "Cs"):
            raise SpecError(f"{kind}: U+{ord(char):04X} cannot be drawn: leave it out")


def _check(
    kind: str, what: str, value: float | None, least: float, most: float
) -> None:
    if value is not None and not least <= value <= most:
        raise SpecError(
            f"{kind}: {what} {value:g} is out of range: use {least:g} to {most:g}"
        )


def _is_number(value: Any) -> bool:
    # The bounds keep out NaN too.
    return not isinstance(value, bool) and -1e6 < value < 1e6
