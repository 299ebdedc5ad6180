"""A line of `%agent`, or of the panel: options, the user's words, a comment.

Options stand before the words or right behind them. What is between is taken byte for
byte: a quote, a brace or a dash is prose. After a lone `--` all of it is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from nbagent.errors import SpecError
from nbagent.notebook.options import (
    BY_NAME,
    Option,
    check_length,
    check_options,
    check_pairs,
    check_words,
    options_text,
    read_value,
    unknown_option,
)
from nbagent.notebook.typed import (
    DASH,
    UNSEEN,
    ascii_name,
    ascii_value,
    blank_quoted,
    strip,
    take_value,
    without_comment,
)

# Dashes of any kind, and a name behind them; a lone `--` has none.
_OPTION = re.compile(
    rf"(?:(?<!\S)|(?<=[{UNSEEN}]))[\s{UNSEEN}]*"
    rf"(?:(?P<lone>--)(?!\S)|(?P<dashes>[{DASH}]+)[{UNSEEN}]*"
    rf"(?P<name>[^\W\d_][\w{DASH}{UNSEEN}]*)(?P<joined>[=\uff1d]?))"
)
_LAST = re.compile(r"(?<!\S)--([A-Za-z][\w-]*)(?:[= ]\S+)?\s*\Z")


class Typed(NamedTuple):
    """A turn as it was typed."""

    options: dict[str, Any]  # by name with underscores
    words: str
    notes: tuple[str, ...] = ()  # what was read otherwise than it stands there


def parse(line: str, cell: str | None = None) -> Typed:
    """Split a magic's line (and cell body) into options and the user's words.

    Args:
        line: The rest of the magic's line: options, then prose. ` # ` begins a comment.
        cell: The body of a `%%agent` cell; follows the line's prose, byte for byte.

    Raises:
        SpecError: For an unknown or repeated option, a bad value, two options that
            exclude each other, an empty turn, one that is far too long, or an option
            that stands where it would be words without anybody noticing.
    """
    check_length(len(line) + len(cell or ""))
    options: dict[str, Any] = {}
    odd: list[str] = []
    rest, is_closed = _read_options(line, options, odd)
    if is_closed:  # by a lone `--`: all that follows is words
        return _typed(options, rest if cell is None else f"{rest}\n{cell}", odd)
    rest = _read_behind(without_comment(rest), options, odd)
    if cell is not None:
        _check_body(cell)
        rest = f"{rest}\n{cell}"
    return _typed(options, strip(rest), odd)


def parse_call(words: str, options: Mapping[str, Any]) -> Typed:
    """Read a turn that is said from Python, as `parse` reads it, beside its keywords.

    Raises:
        SpecError: As `parse`, and for an option that stands in both.
    """
    typed, given = parse(words), check_options(options)
    for key in typed.options.keys() & given.keys():
        name = key.replace("_", "-")
        raise SpecError(f"--{name} is in the words and beside them: keep one")
    both = typed.options | given
    check_pairs(both)
    return typed._replace(options=both)


def leading_option(text: str) -> str:
    """Return the name of the option that a text begins with, or nothing.

    It need not be one that there is: `--anything` is, `-5` and "— a cat" are not.
    """
    match = _OPTION.match(text)
    if match is None or match["lone"]:
        return ""
    name = ascii_name(match["name"])
    return name if match["dashes"] == "--" or name in BY_NAME else ""


def _typed(options: dict[str, Any], words: str, odd: Sequence[str]) -> Typed:
    check_pairs(options)
    words = check_words(words.strip())
    if not odd:
        return Typed(options, words)
    return Typed(
        options,
        words,
        (
            f"read as options: {' '.join(odd)} (to keep them as words, write a lone"
            " -- first)",
        ),
    )


def _read_options(
    text: str, options: dict[str, Any], odd: list[str], *, behind: bool = False
) -> tuple[str, bool]:
    """Read the options that a text begins with into `options`.

    Args:
        text: Options, then words.
        options: Those that were read before.
        odd: Hears of those that do not stand there as they are meant.
        behind: All of them are odd.

    Returns:
        What follows them, and whether a lone `--` has ended them.
    """
    while match := _OPTION.match(text):
        if match["lone"]:
            return text[match.end() :], True
        option = _option_of(match)
        if option is None:
            if match["dashes"] == "--":
                raise SpecError(unknown_option(match["name"]))
            break  # a dash that words begin with
        if option.key in options:
            raise SpecError(f"--{option.name} is given twice: keep one")
        rest = text[match.end() :]
        try:
            value, rest = _value(option, rest, joined=bool(match["joined"]))
        except SpecError as error:
            if match["dashes"] == "--":
                raise
            raise SpecError(
                f"{error} (to keep it as words, write a lone -- first)"
            ) from None
        options[option.key] = value
        if behind or match["dashes"] != "--":
            odd.append(options_text({option.key: options[option.key]}))
        text = rest
    return text, False


def _read_behind(words: str, options: dict[str, Any], odd: list[str]) -> str:
    """Read the options that a line ends with; return the words before them.

    Raises:
        SpecError: If an option stands among the words, or one at the end is unknown.
    """
    for match in _OPTION.finditer(blank_quoted(words)):
        if _option_of(match) is None:
            continue
        found, found_odd = dict(options), list(odd)
        try:
            rest, _ = _read_options(
                words[match.start() :], found, found_odd, behind=True
            )
        except SpecError:
            if match["dashes"] == "--":
                raise
            continue
        if not strip(rest):
            options |= found
            odd[:] = found_odd
            words = words[: match.start()]
            break
        if match["dashes"] == "--":
            raise SpecError(
                f"--{match['name']} is in the middle of the words: put it before or"
                " after them, or write a lone -- before the words to keep it there"
            )
    if last := _LAST.search(blank_quoted(words)):
        raise SpecError(
            f"{unknown_option(last[1])}, or write a lone -- before the words to keep it there"
        )
    return words


def _check_body(cell: str) -> None:
    """Refuse a body that begins or ends with an option: there it would be words.

    Raises:
        SpecError: If it does.
    """
    for match in _OPTION.finditer(blank_quoted(cell)):
        option, start = _option_of(match), match.start()
        if option and (not strip(cell[:start]) or _is_options(cell[start:])):
            raise SpecError(
                f"--{option.name} is in the body of the cell, where everything is"
                " words: put it on the %%agent line, or end that line with a lone"
                " -- to keep it"
            )


def _is_options(text: str) -> bool:
    try:
        return not strip(_read_options(text, {}, [])[0])
    except SpecError:
        return False


def _option_of(match: re.Match[str]) -> Option | None:
    return BY_NAME.get(ascii_name(match["name"] or ""))


def _value(option: Option, rest: str, *, joined: bool) -> tuple[Any, str]:
    if not option.value:
        if joined:
            raise SpecError(f"--{option.name} takes no value: write it alone")
        return True, rest
    taken = take_value(rest)
    following = None if joined else _OPTION.match(rest)
    if taken is None or (following and _option_of(following)):
        raise SpecError(
            f"--{option.name} needs a value: --{option.name} {option.value}"
        )
    text, rest = taken
    return read_value(option, text if option.read is str else ascii_value(text)), rest
