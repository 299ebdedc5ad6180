"""An environment without `nbagent[local]`: one line, and nothing else happens."""

from __future__ import annotations

import sys
from dataclasses import replace
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nbagent.conversation.context import variables
from nbagent.conversation.session import Session
from nbagent.errors import MissingExtra, SpecError
from nbagent.jobs import warm
from nbagent.jobs.engine import Engine
from nbagent.notebook.chat import Chat
from nbagent.notebook.transcript import Transcript
from nbagent.settings import Settings
from tests.test_session import say, store

pytestmark = pytest.mark.phrases

LINE = r"nothing can render here: .* has no torch, diffusers\..*'nbagent\[local\]'"


class Without:
    """A finder of another that does not find torch and diffusers."""

    def __init__(self, finder: Any) -> None:
        self._finder = finder

    def find_spec(self, name: str, *rest: Any) -> ModuleSpec | None:
        if name in ("torch", "diffusers"):
            return None
        found: ModuleSpec | None = self._finder.find_spec(name, *rest)
        return found


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide torch and diffusers from this process."""
    for name in ("torch", "diffusers"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    finders = [Without(finder) for finder in sys.meta_path]
    monkeypatch.setattr(sys, "meta_path", finders)


def untouched(settings: Settings, session: Session) -> bool:
    """Whether there is no turn, clip or job, and no engine host was begun."""
    ledger = session.ledger
    nothing = not (ledger.turns.of("test") or ledger.jobs.find() or session.rows())
    return nothing and not list(settings.runtime.iterdir())


@pytest.mark.usefixtures("bare")
@pytest.mark.parametrize(
    "words",
    [
        "a red ball crosses the beach",
        "a photo of a red ball",
        "three scenes: a rocket in the desert; it rises; space at night",
        "animate @photo so that it moves right",
    ],
)
def test_a_first_turn_is_one_line_and_leaves_nothing(
    settings: Settings, session: Session, words: str
) -> None:
    values = {"photo": np.full((64, 64, 3), 200, np.uint8)}
    with pytest.raises(MissingExtra, match=LINE) as caught:
        session.hear(
            words,
            {},
            cell_id="one",
            variables=variables(values),
            values=values,
        )
    assert "\n" not in str(caught.value)
    assert untouched(settings, session)


@pytest.mark.usefixtures("bare")
def test_the_panel_says_the_same_line(settings: Settings, session: Session) -> None:
    with pytest.raises(MissingExtra, match=LINE):
        Chat(Transcript(session), {}).say("a red ball crosses the beach")
    assert untouched(settings, session)


@pytest.mark.usefixtures("bare")
def test_what_needs_no_renderer_goes_on(settings: Settings, session: Session) -> None:
    values = {"idea": "a red ball"}
    told = session.hear(
        "what is in @idea?", {}, variables=variables(values), values=values
    )
    assert "a red ball" in (told.answer or "")
    foretold = say(session, "a red ball crosses the beach", dry_run=True)
    assert "would generate" in (foretold.answer or "")
    with pytest.raises(SpecError, match="48 or 64"):  # the turn's own mistake is first
        say(session, "a red ball crosses the beach", frames=51)
    assert not list(settings.runtime.iterdir())


def test_clips_that_are_here_are_shown_and_cut_without_a_renderer(
    session: Session, request: pytest.FixtureRequest
) -> None:
    store(session, say(session, "a red ball crosses the beach", "one"))
    session.render(say(session, "a cat runs across the meadow", "two"))
    request.getfixturevalue("bare")
    session.render(say(session, "a red ball crosses the beach", "one"))
    assert say(session, "play c1 backwards", "three").takes[0].is_recut
    # What another environment has left unfinished is left to it.
    assert (session.whole.take_up(), session.renderings.unfinished()) == ("", {})
    assert [job.state for job in session.ledger.jobs.find()] == ["done", "queued"]
    with pytest.raises(MissingExtra, match=LINE):
        say(session, "make c1 blue", "four")


@pytest.mark.usefixtures("bare")
def test_a_cluster_or_a_renderer_of_ones_own_needs_nothing_here(
    settings: Settings,
) -> None:
    attached = replace(settings, engine="tls://10.0.0.7:8786")
    assert Engine(attached).lacks() == ""
    assert Engine(settings, renderer="tests.jobs_stub:SleepRenderer").lacks() == ""
    assert Engine(settings).lacks() != ""


@pytest.mark.usefixtures("bare")
def test_nothing_is_warmed(settings: Settings) -> None:
    warm.main()
    assert not list(Path(settings.runtime).iterdir())
