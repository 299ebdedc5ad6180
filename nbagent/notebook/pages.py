"""What surrounds the panel's thread: marks of clips, models, settings, what was spent."""

from __future__ import annotations

import io
import statistics
import zipfile
from collections.abc import Sequence
from typing import Final

from nbagent.conversation import choices, spending
from nbagent.errors import SpecError
from nbagent.ledger.marks import Mark as Opinion
from nbagent.models.catalogue import CATALOGUE
from nbagent.models.fit import choose, refusal, usual_needs
from nbagent.models.machine import device_here, gpus
from nbagent.models.memory import Device
from nbagent.models.names import is_here
from nbagent.notebook.chat import Chat
from nbagent.notebook.desk_wire import FactView, FileReply
from nbagent.notebook.options import on_or_off, seconds_or_off
from nbagent.notebook.pages_wire import (
    BroughtReply,
    Mark,
    MarksEvent,
    MarkView,
    ModelView,
    PageReply,
    PageRequest,
    SettingsReply,
    SettingView,
)
from nbagent.notebook.panel_wire import LineReply
from nbagent.take.caching import step_caching

_RECENT: Final = 500  # clips that are looked at for what a model's takes
_WORTH_SAYING_S: Final = 0.05
_BYTES_EACH: Final = 2  # of a weight as it is downloaded, in bf16


class Pages:
    """Answers for the panel's pages.

    Args:
        chat: The conversation, and its notebook.
    """

    def __init__(self, chat: Chat) -> None:
        self._chat = chat
        self._session = chat.session

    def answer(
        self, request: PageRequest, buffers: Sequence[bytes]
    ) -> tuple[PageReply | LineReply | FileReply, list[bytes]]:
        """Do what a view asks, and return the reply with its buffers."""
        name = request["id"]
        if request["type"] == "bring":
            return self._bring(name, request["file_name"], buffers), []
        if request["type"] == "get_models":
            return {"type": "models", "id": name, "models": self.models()}, []
        if request["type"] == "get_settings":
            return self._settings(name), []
        if request["type"] == "get_zip":
            file = self._zip(request["names"])
            called = f"{self._session.settings.conversation}-clips.zip"
            return {"type": "file", "id": name, "file_name": called}, [file]
        if request["type"] == "mark":
            line = self._mark(request)
        elif request["type"] == "delete":
            line = self._delete(request["names"])
        elif request["type"] == "set":
            line = self._set(request["name"], request["value"])
        else:
            line = self._session.brains.connect()
        return {"type": "line", "id": name, "line": line}, []

    # Clips

    def marks(self) -> list[MarkView]:
        """Return what the user thinks of clips, by their names."""
        session = self._session
        marks = session.ledger.marks.of(session.settings.conversation)
        return [
            {"name": row.name, "favourite": mark.favourite, "tags": list(mark.tags)}
            for row in session.rows()
            if (mark := marks.get(row.take_id))
        ]

    def told(self) -> MarksEvent:
        """Return the marks, as every view is told of them."""
        return {"type": "marks", "marks": self.marks()}

    def _mark(self, request: Mark) -> str:
        session, conversation = self._session, self._session.settings.conversation
        row = session.record.row(request["name"])
        mark = Opinion(favourite=request["favourite"], tags=tuple(request["tags"]))
        session.ledger.marks.put(conversation, row.take_id, mark)
        return ""

    def _delete(self, names: Sequence[str]) -> str:
        rows = [self._session.record.row(name) for name in names]
        line = self._session.hands.delete(names)
        for turn_id in {row.turn_id for row in rows}:
            self._chat.transcript.ended(turn_id)
        return line

    def _zip(self, names: Sequence[str]) -> bytes:
        """Return clips in one file; they are compressed already."""
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
            for name in dict.fromkeys(names):
                path = self._session.clip(name).path
                archive.write(path, f"{name}{path.suffix}")
        return file.getvalue()

    def _bring(
        self, name: str, file_name: str, buffers: Sequence[bytes]
    ) -> BroughtReply:
        if len(buffers) != 1:
            raise SpecError(f"{file_name} came without its content: drop it again")
        variable = self._chat.bring(file_name, bytes(buffers[0]))
        return {"type": "brought", "id": name, "name": variable}

    # Models

    def models(self) -> list[ModelView]:
        """List the models that can be chosen by a short name, and what each takes."""
        session = self._session
        names = dict.fromkeys((session.settings.model, "pocket", *CATALOGUE))
        device = device_here(session.settings)
        took: dict[str, list[float]] = {}
        for take, seconds in session.ledger.rendered(_RECENT):
            if not take.is_recut and take.quality == "final":
                took.setdefault(take.model, []).append(seconds)
        found = [
            _model(
                name, device, statistics.median(took[name]) if name in took else None
            )
            for name in names
        ]
        # Those of which nothing is known come after those that are known to fit.
        return sorted(found, key=lambda model: model["size_bytes"] is None)

    # Settings

    def _settings(self, name: str) -> SettingsReply:
        spent, how = self._spent()
        return {
            "type": "settings",
            "id": name,
            "settings": self.settings(),
            "brains": list(self._session.brains.names),
            "cost": spent,
            "estimate": how,
        }

    def settings(self) -> list[SettingView]:
        """Return what `%nbagent` can set, as it is now."""
        now = self._session.settings
        return [
            {
                "name": "limit",
                "label": "Ask before long turns",
                "help": "seconds; off never asks",
                "value": _seconds(now.ask_above_s),
                "choices": [],
            },
            {
                "name": "cache",
                "label": "Step cache",
                "help": "quicker, but not the same clip: 0.1, sea:0.2 or off",
                "value": str(now.step_cache) if now.step_cache else "off",
                "choices": [],
            },
            {
                "name": "trust",
                "label": "Language model may act",
                "help": "without your yes, beyond what your words plainly say",
                "value": "on" if now.llm_acts else "off",
                "choices": ["off", "on"],
            },
            {
                "name": "timeout",
                "label": "Language model may take",
                "help": "seconds for a turn; off is as long as it needs",
                "value": _seconds(now.llm_timeout_s),
                "choices": [],
            },
        ]

    def _set(self, name: str, value: str) -> str:
        word = value.strip()
        if name == "limit":
            change = choices.limit(seconds_or_off(word))
        elif name == "cache":
            change = choices.cache(step_caching(word))
        elif name == "trust":
            change = choices.trust(acts=on_or_off(word))
        elif name == "timeout":
            change = choices.timeout(seconds_or_off(word))
        else:
            raise SpecError(f"{name[:40]!r} cannot be set here: see %nbagent help")
        return self._session.choose(change)

    def _spent(self) -> tuple[list[FactView], str]:
        """Return what the conversation cost so far, and how the energy is estimated."""
        spent = spending.spending(self._session.record)
        watts, how = spending.power(next(iter(gpus()), None))
        saved = {
            "by drafts": spent.drafts_s,
            "by keeping early": spent.kept_s,
            "by step caches": spent.caches_s,
            "by clips that were there": spent.again_s,
        }
        facts = {
            "clips rendered": str(spent.clips),
            "steps": f"{spent.steps:,}",
            "time of rendering": _time(spent.seconds),
            **{
                f"saved {label}": f"about {_time(seconds)}"
                for label, seconds in saved.items()
                if seconds >= _WORTH_SAYING_S
            },
            "energy": f"about {spent.energy_wh(watts):.2g} Wh",
        }
        return [{"label": k, "value": v} for k, v in facts.items()], how


def _model(name: str, device: Device | None, seconds: float | None) -> ModelView:
    needs, here = usual_needs(name), is_here(name)
    fit, why_not = "whether it fits is known once it is downloaded", ""
    if needs is not None and device is not None:
        placement = choose(needs, device)
        fit = str(placement) if placement else ""
        why_not = "" if placement else refusal(needs, device)
        if placement and device.kind == "cpu" and name != "pocket":
            fit = f"{fit}; without a GPU a clip takes hours"
    elif needs is not None:
        fit = "rendered elsewhere: its engine decides"
    entry = CATALOGUE.get(name)
    return {
        "name": name,
        "here": here,
        "licence": entry.licence if entry else "BSD-3" if name == "pocket" else "",
        "size_bytes": None if needs is None else needs.values * _BYTES_EACH,
        "fit": fit,
        "why_not": why_not,
        "seconds": seconds,
    }


def _seconds(value: float) -> str:
    return f"{value:g}" if value else "off"


def _time(seconds: float) -> str:
    if seconds < 100:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"
