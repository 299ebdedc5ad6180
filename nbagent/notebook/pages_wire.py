"""The messages of what surrounds the panel's thread: clips, models, settings, files dropped.

Nothing here sends or receives.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, TypedDict

from nbagent.errors import SpecError
from nbagent.notebook.desk_wire import FactView
from nbagent.notebook.wire import MAX_ID_CHARS, short

MAX_CLIPS = 500  # of one request
MAX_TAGS = 20
MAX_TAG_CHARS = 40
MAX_TEXT_CHARS = 1000


class MarkView(TypedDict):
    """What the user thinks of a clip, by its name."""

    name: str
    favourite: bool
    tags: list[str]


class ModelView(TypedDict):
    """A model that can be chosen by its name.

    `here` is whether it is on this machine; `why_not` says why it cannot run here, and is
    empty where it can or where that is not known. `size_bytes` is of its weights, null if
    nobody knows before it is here; `seconds` is what a clip of it took here, null if none
    was made.
    """

    name: str
    here: bool
    licence: str
    size_bytes: int | None
    fit: str
    why_not: str
    seconds: float | None


class SettingView(TypedDict):
    """One thing that `%nbagent` can set; without choices it takes text."""

    name: str
    label: str
    help: str
    value: str
    choices: list[str]


class Bring(TypedDict):
    """Ask to make a picture or a film a variable of the notebook; it is the buffer."""

    type: Literal["bring"]
    id: str
    file_name: str


class Mark(TypedDict):
    """Say what the user thinks of a clip."""

    type: Literal["mark"]
    id: str
    name: str
    favourite: bool
    tags: list[str]


class Delete(TypedDict):
    """Ask to remove clips and their files."""

    type: Literal["delete"]
    id: str
    names: list[str]


class GetZip(TypedDict):
    """Ask for clips in one file, to be kept by the browser."""

    type: Literal["get_zip"]
    id: str
    names: list[str]


class GetModels(TypedDict):
    """Ask which models can be chosen."""

    type: Literal["get_models"]
    id: str


class GetSettings(TypedDict):
    """Ask what can be set, what reads the turns, and what was spent."""

    type: Literal["get_settings"]
    id: str


class Set(TypedDict):
    """Set one of them."""

    type: Literal["set"]
    id: str
    name: str
    value: str


class ConnectModel(TypedDict):
    """Ask to connect the first language model that this machine serves."""

    type: Literal["connect_model"]
    id: str


class BroughtReply(TypedDict):
    """The variable that the file is now."""

    type: Literal["brought"]
    id: str
    name: str


class ModelsReply(TypedDict):
    """The models by their short names."""

    type: Literal["models"]
    id: str
    models: list[ModelView]


class SettingsReply(TypedDict):
    """What can be set, what can read turns (first what does now), and what was spent."""

    type: Literal["settings"]
    id: str
    settings: list[SettingView]
    brains: list[str]
    cost: list[FactView]
    estimate: str


class MarksEvent(TypedDict):
    """What the user thinks of clips; those that are not named have no mark."""

    type: Literal["marks"]
    marks: list[MarkView]


PageRequest = (
    Bring | Mark | Delete | GetZip | GetModels | GetSettings | Set | ConnectModel
)
PageReply = BroughtReply | ModelsReply | SettingsReply

VALUES: tuple[type, ...] = (MarkView, ModelView, SettingView)


def _text(field: str, value: object) -> str:
    if not isinstance(value, str) or len(value) > MAX_TEXT_CHARS:
        raise SpecError(f"{field} is a short text, not {short(value)}")
    return value


def _flag(field: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise SpecError(f"{field} is true or false, not {short(value)}")
    return value


def _names(field: str, value: object) -> list[str]:
    return _texts(field, value, most=MAX_CLIPS, most_chars=MAX_ID_CHARS, least=1)


def _tags(field: str, value: object) -> list[str]:
    tags = _texts(field, value, most=MAX_TAGS, most_chars=MAX_TAG_CHARS, least=0)
    return list(dict.fromkeys(" ".join(tag.split()) for tag in tags if tag.strip()))


def _texts(
    field: str, value: object, *, least: int, most: int, most_chars: int
) -> list[str]:
    if not isinstance(value, list) or not least <= len(value) <= most:
        raise SpecError(f"{field} is a list of {least} to {most}, not {short(value)}")
    for one in value:
        if not isinstance(one, str) or not one or len(one) > most_chars:
            raise SpecError(f"{field} has a short text of each, not {short(one)}")
    return value


FIELDS: dict[str, dict[str, Callable[[str, object], Any]]] = {
    "bring": {"file_name": _text},
    "mark": {"name": _text, "favourite": _flag, "tags": _tags},
    "delete": {"names": _names},
    "get_zip": {"names": _names},
    "get_models": {},
    "get_settings": {},
    "set": {"name": _text, "value": _text},
    "connect_model": {},
}
