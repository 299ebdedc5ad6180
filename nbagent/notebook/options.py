"""The options of `%agent`: their names, their values, their help.

One table serves the lines of cells and the panel, Python, `%agent?` and completion.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from nbagent.errors import SpecError

MAX_TURN_CHARS = 20_000  # about ten pages; more is a file that was pasted by mistake
MAX_TAKES = 16


class Option(NamedTuple):
    """One `--name`, with what follows it and how its text becomes a value.

    A named tuple, because `%load_ext` waits for this file and a dataclass costs it
    milliseconds.
    """

    name: str
    help: str
    value: str = ""  # what follows, as the help names it; empty for a flag
    read: Callable[[str], Any] = str

    @property
    def key(self) -> str:
        """Name of the value in the parsed options."""
        return self.name.replace("-", "_")


def _integer(text: str) -> int:
    if not re.fullmatch(r"[+-]?\d{1,30}", text):
        raise SpecError(f"{text[:40]!r} is not a whole number: write one like 16")
    return int(text)


def _whole(low: int, high: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not low <= _integer(text) <= high:
            raise SpecError(f"{text} is out of range: use {low} to {high}")
        return int(text)

    return read


def number(low: float, high: float) -> Callable[[str], float]:
    """Return what reads a number within bounds."""

    def read(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            raise SpecError(
                f"{text!r} is not a number: use {low:g} to {high:g}"
            ) from None
        if not low <= value <= high:
            raise SpecError(f"{text} is out of range: use {low:g} to {high:g}")
        return value

    return read


def seconds_or_off(word: str) -> float:
    """Read a number of seconds; off is 0."""
    return 0.0 if word == "off" else number(1, 1e6)(word)


def on_or_off(word: str) -> bool:
    """Read what a language model may do."""
    if word not in ("on", "off"):
        raise SpecError(
            f"trust cannot be {word!r}: write %nbagent trust on, or %nbagent trust off"
        )
    return word == "on"


def _size(text: str) -> tuple[int, int]:
    match = re.fullmatch(r"(\d{1,5})x(\d{1,5})", text)
    if match is None:
        raise SpecError(f"{text!r} is not a size: use WIDTHxHEIGHT, like 64x64")
    return int(match[2]), int(match[1])  # height first, as everywhere inside


def _span(text: str) -> tuple[float, float | None]:
    match = re.fullmatch(r"(-?[\d.]+)s?:(?:([\d.]+)s?)?", text)
    if match is None:
        raise SpecError(
            f"{text!r} is not a time span: use START:END in seconds, like 1:2.5"
        )
    return _seconds(match[1]), None if match[2] is None else _seconds(match[2])


_seconds = number(-1e6, 1e6)
_share = number(0, 1)


def _region(text: str) -> tuple[float, ...]:
    shares = tuple(_share(part) for part in text.split(","))
    if len(shares) != 4:
        raise SpecError(
            f"{text!r} is not a region: use LEFT,TOP,RIGHT,BOTTOM in shares of the"
            " frame, like 0,0,0.5,1"
        )
    return shares


def _fit(text: str) -> str:
    if text not in ("whole", "fill"):
        raise SpecError(
            f"{text[:40]!r} is not a way to fit a picture: use whole or fill"
        )
    return text


def _actors(text: str) -> tuple[str, ...]:
    from nbagent.pocket.vocabulary import ACTORS

    names = tuple(
        " ".join(one.lower().replace("-", " ").split()) for one in text.split(",")
    )
    for name in names:
        if name not in ACTORS:
            raise SpecError(f"pocket can't draw {name!r}: {_nearest(name)}")
    return names


def _columns(text: str) -> tuple[str, ...]:
    found: list[str] = []
    for part in text.split(","):
        if "=" in part or not found:
            found.append(part.strip())
        else:  # a comma of the column's own
            found[-1] += f",{part}"
    for one in found:
        said, _, column = one.partition("=")
        if not (said.strip() and column.strip()):
            raise SpecError(
                f"{one[:40]!r} does not name a column: say which word means which"
                " column, like takings=sales"
            )
    return tuple(found)


def _caching(text: str) -> tuple[Any, ...]:
    # Here, and not above: `%load_ext` would pay for all that a take is.
    from nbagent.take.caching import step_caching

    return step_caching(text)


def _caching_text(*caching: Any) -> str:
    from nbagent.take.caching import StepCaching

    return str(StepCaching(*caching))


def _nearest(name: str) -> str:
    """Say which actor of pocket was meant."""
    import difflib

    from nbagent.pocket.vocabulary import ACTORS, SHAPES

    if name in SHAPES:
        return f"say its colour, like red-{name}"
    close = difflib.get_close_matches(name, ACTORS, n=1)
    if close:
        return f"did you mean {close[0].replace(' ', '-')}?"
    return "use one of its 81, like cat, cake or red-ball (see docs/pocket.md)"


OPTIONS = (
    Option(
        name="seed",
        value="N",
        help="seed of the noise; the same words and seed give the same clip",
        read=_integer,
    ),
    Option(
        name="takes",
        value="N",
        help="N takes of the same shot, each from its own seed",
        read=_whole(1, MAX_TAKES),
    ),
    Option(name="draft", help="fewer steps: quick, rougher"),
    Option(name="final", help="all the steps the model wants (the default)"),
    Option(
        name="steps",
        value="N",
        help="num_inference_steps, instead of draft or final",
        read=_whole(1, 1000),
    ),
    # The model knows its frame rule and the take its seeds: read here, judged there.
    Option(name="frames", value="N", help="num_frames", read=_integer),
    Option(name="size", value="WxH", help="width and height in pixels", read=_size),
    Option(
        name="fit",
        value="whole|fill",
        help="how a picture of a different shape fits the frame (whole, with borders)",
        read=_fit,
    ),
    Option(
        name="guidance",
        value="G",
        help="guidance_scale: how closely the words are followed",
        read=number(0, 50),
    ),
    Option(
        name="strength",
        value="S",
        help="for a refinement, 0 to 1: how far it may differ from its parent",
        read=number(0.01, 1),
    ),
    Option(
        name="span",
        value="A:B",
        help="for a refinement: only these seconds change, like 1:2.5",
        read=_span,
    ),
    Option(
        name="region",
        value="L,T,R,B",
        help="for a refinement: only this part of the frame changes, in shares of it",
        read=_region,
    ),
    Option(
        name="actor",
        value="NAME",
        help="what pocket draws, whatever the words say: cake, red-ball",
        read=_actors,
    ),
    Option(
        name="column",
        value="WORD=NAME",
        help="which column of the data a word means: takings=sales",
        read=_columns,
    ),
    Option(
        name="cache",
        value="T",
        help=(
            "step cache: shorten steps that change less than T (0.1, sea:0.2); 0 is off"
        ),
        read=_caching,
    ),
    Option(
        name="model",
        value="NAME",
        help="pocket, a short name, a diffusers folder, or a downloaded hub id",
    ),
    Option(name="detach", help="return at once; the clip appears when it is done"),
    Option(name="yes", help="start without asking, however long it takes"),
    Option(name="dry-run", help="only show what would be rendered"),
)
OF_CLIPS = ("target", "acts", "step", "mask")
"""What a clip's own methods say beside the options: nobody types it on a line."""

BY_NAME = {option.name: option for option in OPTIONS}


def check_options(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return options that were given in Python as `%agent` would have read them.

    A flag is True; what is None or False was not said. A text is read as on a line, and
    what the line would have made of it is taken too: "1:2" and (1, 2) are one span.

    Raises:
        SpecError: For an unknown option, a bad value, or two that exclude each other.
    """
    checked = {}
    for key, value in options.items():
        if value is None or value is False:
            continue
        option = BY_NAME.get(key.replace("_", "-"))
        if key in OF_CLIPS:
            checked[key] = value
        elif option is None:
            raise SpecError(unknown_option(key))
        elif option.value:
            checked[option.key] = read_value(option, value_text(option, value))
        else:
            checked[option.key] = True
    check_pairs(checked)
    return checked


def options_text(options: Mapping[str, Any]) -> str:
    """Write parsed options as they are typed: `--seed 7 --draft`."""
    said = []
    for option in OPTIONS:
        value = options.get(option.key)
        if value is None or value is False:
            continue
        text = value_text(option, value)
        if re.search(r"\s", text):
            text = f"'{text}'" if '"' in text else f'"{text}"'
        said.append(f"--{option.name} {text}" if option.value else f"--{option.name}")
    return " ".join(said)


def value_text(option: Option, value: Any) -> str:
    """Write what follows an option as it is typed: `64x64`."""
    if isinstance(value, str):
        return value
    try:
        # It may have been JSON in between, where a tuple is a list.
        return _WRITERS.get(option.name, str)(value)
    except (TypeError, ValueError, LookupError):
        return str(value)  # of a store from elsewhere: who reads it again refuses it


def _number_text(value: float | None) -> str:
    return "" if value is None else f"{value:.10g}"


_WRITERS: dict[str, Callable[[Any], str]] = {
    "actor": lambda names: ",".join(name.replace(" ", "-") for name in names),
    "column": ",".join,
    "cache": lambda caching: _caching_text(*caching),
    "size": lambda size: f"{size[1]}x{size[0]}",
    "span": lambda span: ":".join(map(_number_text, span)),
    "region": lambda region: ",".join(map(_number_text, region)),
}


def check_pairs(options: Mapping[str, Any]) -> None:
    """Refuse options that exclude each other.

    Raises:
        SpecError: If two do.
    """
    for one, other in (("draft", "final"), ("detach", "dry_run")):
        if one in options and other in options:
            raise SpecError(
                f"--{one} and --{other.replace('_', '-')} exclude each other: keep one"
            )


def read_value(option: Option, text: str) -> Any:
    """Return the value that a text stands for.

    Raises:
        SpecError: If it is none of this option's.
    """
    try:
        return option.read(text)
    except SpecError as error:
        raise SpecError(f"--{option.name} {error}") from None


def unknown_option(name: str) -> str:
    """Say that there is no such option, and which was meant."""
    import difflib

    close = difflib.get_close_matches(name, BY_NAME, n=1)
    hint = f"did you mean --{close[0]}?" if close else "see %agent? for the list"
    return f"unknown option --{name}: {hint}"


def check_words(words: str) -> str:
    """Return a turn's words as they are.

    Raises:
        SpecError: If there are none, or far too many.
    """
    if not words:
        raise SpecError(
            "the turn is empty: say what to show, like"
            " %agent a red ball crosses the beach"
        )
    check_length(len(words))
    return words


def check_length(num_chars: int) -> None:
    """Refuse a turn that is a file.

    Raises:
        SpecError: If it has more than `MAX_TURN_CHARS`.
    """
    if num_chars > MAX_TURN_CHARS:
        raise SpecError(
            f"the turn has {num_chars:,} characters, and {MAX_TURN_CHARS:,} is the"
            " limit: say it in fewer words, or name a variable with @"
        )


def help_text() -> str:
    """Return the table of options as aligned lines, for the magics' docstrings."""
    rows = [(f"--{o.name} {o.value}".rstrip(), o.help) for o in OPTIONS]
    width = max(len(row[0]) for row in rows)
    return "\n".join(f"    {left:<{width}}  {right}" for left, right in rows)
