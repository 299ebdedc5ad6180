"""How numbers and times are said on a chart, and where the ticks of an axis are."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter, date2num, num2date
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from nbagent.charts.scene import Axis, Tick

_LARGE: Final = ((1e12, "T"), (1e9, "B"), (1e6, "M"))
_YEARS: Final = (1000, 2300)  # whole numbers in here may be years, which have no commas
_MINUS: Final = "\N{MINUS SIGN}"
_STEPS: Final = (1, 2, 2.5, 5, 10)


def speaker(
    values: Sequence[float] | NDArray[np.float64],
    *,
    prefix: str = "",
    suffix: str = "",
    decimals: int | None = None,
) -> Callable[[float], str]:
    """Return how numbers like these are said: "1,240", "-3.5", "$1.41B"."""
    known = np.asarray(values, np.float64)
    known = known[np.isfinite(known)]
    most = float(np.abs(known).max()) if len(known) else 0.0
    digits = decimals
    if digits is None:
        is_whole = bool(np.all(known == np.round(known)))
        digits = 0 if is_whole or most >= 1000 else 1 if most >= 10 else 2
        if not is_whole and 0 < most < 0.1:
            digits = min(9, 1 - math.floor(math.log10(most)))

    def say(value: float) -> str:
        if not math.isfinite(value):
            return ""
        size, unit = abs(value), ""
        places = digits
        for least, name in _LARGE:
            if size >= least and decimals is None:
                size, unit = size / least, name
                places = 2 if size < 10 else 1 if size < 100 else 0
                break
        text = f"{size:,.{places}f}"
        sign = _MINUS if value < 0 and any(c in "123456789" for c in text) else ""
        return f"{sign}{prefix}{text}{unit}{suffix}"

    return say


def are_years(values: NDArray[np.float64] | Sequence[float]) -> bool:
    """Whether numbers are likely to be years: whole ones, and of our times."""
    own = np.asarray(values, np.float64)
    own = own[np.isfinite(own)]
    is_whole = bool(len(own)) and bool(np.all(own == np.round(own)))
    return is_whole and _YEARS[0] <= own.min() and own.max() <= _YEARS[1]


def tick_text(values: Sequence[float], prefix: str, suffix: str) -> list[str]:
    """Return what the ticks of an axis say: all with as many digits as the finest needs."""
    if not values:
        return []
    most = max(abs(v) for v in values)
    scale, unit = next(((s, u) for s, u in _LARGE if most >= s), (1.0, ""))
    scaled = [v / scale for v in values]
    places = next(
        (p for p in range(9) if all(abs(v - round(v, p)) < 1e-9 for v in scaled)), 9
    )
    return [
        f"{_MINUS * (v < 0)}{prefix}{abs(v):,.{places}f}{unit * (v != 0)}{suffix}"
        for v in scaled
    ]


@functools.lru_cache(256)  # each frame asks for the same
def number_axis(
    low: float,
    high: float,
    *,
    ticks: int = 6,
    is_exact: bool = False,
    prefix: str = "",
    suffix: str = "",
    is_year: bool = False,
) -> Axis:
    """Return an axis of numbers, from a round one to a round one.

    Args:
        low: The least value.
        high: The largest value.
        ticks: About how many.
        is_exact: Whether it ends at those values themselves.
        prefix: Before each number.
        suffix: After each number.
        is_year: Whether the numbers are years.
    """
    if low == high:
        low, high = (low - 1, high + 1) if low else (0.0, 1.0)
    locator = MaxNLocator(ticks, steps=_STEPS, integer=is_year)
    found = [float(v) + 0.0 for v in locator.tick_values(low, high)]
    if is_exact:
        slack = (high - low) * 1e-9
        found = [v for v in found if low - slack <= v <= high + slack]
    else:
        low, high = min(found[0], low), max(found[-1], high)
    texts = [f"{v:g}" for v in found] if is_year else tick_text(found, prefix, suffix)
    axis = Axis("number", low, high)
    at = axis.at(found)
    return Axis(
        "number",
        low,
        high,
        tuple(Tick(float(a), t) for a, t in zip(at, texts, strict=True)),
    )


@functools.lru_cache(256)
def log_axis(
    low: float, high: float, *, ticks: int = 8, prefix: str = "", suffix: str = ""
) -> Axis:
    """Return a logarithmic axis from a power of ten, or two or five of them, to another."""
    exponents = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    fine = [m * 10.0**e for e in exponents for m in (1, 2, 5)]
    first = max((v for v in fine if v <= low * (1 + 1e-9)), default=low)
    last = min((v for v in fine if v >= high * (1 - 1e-9)), default=high)
    if first == last:
        last = first * 10
    decades = math.log10(last / first)
    own = [v for v in fine if first <= v <= last]
    if decades > 2:
        own = [10.0**e for e in exponents if first <= 10.0**e <= last]
    every = max(1, math.ceil(len(own) / ticks))
    own = own[::every]
    texts = [tick_text([v], prefix, suffix)[0] for v in own]
    axis = Axis("log", first, last)
    at = axis.at(own)
    return Axis(
        "log",
        first,
        last,
        tuple(Tick(float(a), t) for a, t in zip(at, texts, strict=True)),
    )


def days(times: NDArray[np.datetime64]) -> NDArray[np.float64]:
    """Return times as days, which a time axis counts."""
    return np.asarray(date2num(times.astype("datetime64[us]")), np.float64)


@functools.lru_cache(256)
def time_axis(low: float, high: float, zone: str, ticks: int) -> Axis:
    """Return an axis of times, in days, with ticks at round dates of a zone."""
    if low == high:
        low, high = low - 1, high + 1
    clock = ZoneInfo(zone or "UTC")
    locator = AutoDateLocator(tz=clock, minticks=min(3, ticks), maxticks=ticks)
    found = locator.tick_values(num2date(low, clock), num2date(high, clock))
    formatter = ConciseDateFormatter(
        locator,
        tz=clock,
        formats=["%Y", "%b", "%-d", "%H:%M", "%H:%M", "%S.%f"],
        zero_formats=["", "%Y", "%b", "%-d %b", "%H:%M", "%H:%M"],
    )
    slack = (high - low) * 1e-6
    inside = [float(v) for v in found if low - slack <= v <= high + slack]
    texts = formatter.format_ticks(inside) if inside else []
    year = formatter.get_offset()
    if texts and year and not any(year in text for text in texts):
        texts[0] = f"{texts[0]} {year}" if len(year) <= 5 else texts[0]
    axis = Axis("time", low, high)
    return Axis(
        "time",
        low,
        high,
        tuple(Tick(float(a), t) for a, t in zip(axis.at(inside), texts, strict=True)),
    )


def moments(times: NDArray[np.datetime64], zone: str) -> list[str]:
    """Say times as short as tells them apart: years, months, days, or minutes."""
    own = times.astype("datetime64[us]")
    if zone:
        clock = ZoneInfo(zone)
        own = np.array(
            [num2date(d, clock).replace(tzinfo=None) for d in days(own)],
            "datetime64[us]",
        )
    for unit, form in (("Y", "%Y"), ("M", "%b %Y"), ("D", "%-d %b %Y")):
        if bool(np.all(own == own.astype(f"datetime64[{unit}]"))):
            return [one.strftime(form) for one in own.astype(object)]
    return [one.strftime("%-d %b %Y %H:%M") for one in own.astype(object)]
