"""Whether values that came from JSON are of the types that our own values have."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from types import UnionType
from typing import Any, Literal, Union, cast, get_args, get_origin, get_type_hints

hints = functools.cache(get_type_hints)


def with_tuples(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return fields read from JSON, which has lists where we have tuples."""
    return {n: tuple(v) if isinstance(v, list) else v for n, v in data.items()}


def checked(cls: type, values: object) -> dict[str, Any]:
    """Return the fields of `cls` among untrusted values; a wrong type is a TypeError."""
    if not isinstance(values, Mapping):
        raise TypeError(f"{values!r:.40} is not a {cls.__name__.lower()}")
    known = with_tuples({n: values[n] for n in hints(cls) if n in values})
    for name, value in known.items():
        if not is_a(value, hints(cls)[name]):
            raise TypeError(f"{name} is {value!r:.40}")
    return known


def is_a(value: object, hint: Any) -> bool:
    """Return whether a value is of an annotation's type; numbers are finite ones."""
    origin, inner = get_origin(hint), get_args(hint)
    if origin in (UnionType, Union):
        return any(is_a(value, one) for one in inner)
    if origin is Literal:
        return isinstance(value, str) and value in inner
    if origin is tuple:
        if not isinstance(value, tuple):
            return False
        is_as_long = inner[-1] is Ellipsis or len(value) == len(inner)
        return is_as_long and all(is_a(v, inner[0]) for v in value)
    if hint is float:
        # The bounds also keep out NaN, and integers that no float can hold.
        return type(value) in {int, float} and -1e15 < cast("float", value) < 1e15
    if hint is int:
        return type(value) is int  # JSON's true would pass as 1
    return isinstance(value, origin or hint)
