"""What a card offers next: words that run as they stand, and suit the clip."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from nbagent.acts import ACTS
from nbagent.conversation.asked import Asked
from nbagent.conversation.context import variables
from nbagent.conversation.hearing import Hearing
from nbagent.conversation.next_steps import MAX_STEPS, STEPS
from nbagent.conversation.reply import Reply
from nbagent.conversation.session import Session
from nbagent.notebook.chat import Chat
from nbagent.notebook.transcript import Transcript
from tests.test_session import say, store

SOLD = pd.DataFrame({"city": ["Rome", "Oslo", "Lima"], "sold": [12, 30, 21]})


def steps(session: Session, name: str) -> list[str]:
    """Return what is offered of a clip, each of which is then said without a refusal."""
    found = Chat(Transcript(session), {}).next_steps(name)
    for words in found:
        reply = session.consider(words, {"target": name})
        assert reply.takes, words
        assert not any(note.endswith(".") for note in reply.notes), words
    return found


def test_every_step_is_an_act_of_the_registry() -> None:
    assert {kind for tried in STEPS.values() for kind, _ in tried} <= ACTS.keys()


def test_a_scene_is_offered_what_it_is_not_yet(session: Session) -> None:
    store(session, say(session, "a red ball on the beach at sunset"))
    assert steps(session, "c1") == ["at night", "loop it", "4 takes"]
    store(session, say(session, "at night"))
    assert steps(session, "c2") == ["loop it", "4 takes", "at dawn"]


def test_what_was_just_done_is_not_offered_again(session: Session) -> None:
    store(session, say(session, "a red ball on the beach at sunset"))
    store(session, say(session, "loop it"))
    assert "loop it" not in steps(session, "c2")


def test_a_draft_is_offered_as_a_final_first(session: Session) -> None:
    store(session, say(session, "a red ball on the beach", draft=True))
    first, *rest = steps(session, "c1")
    assert first == "final quality"
    assert len(rest) == MAX_STEPS - 1
    store(session, say(session, "c1 at night", draft=True))
    assert steps(session, "c2") == ["final quality", "loop it", "4 takes"]


def test_a_chart_is_offered_what_is_done_to_charts(session: Session) -> None:
    values = {"sales": SOLD}
    reply: Reply = session.hear(
        "animate @sales as bars", {}, variables=variables(values), values=values
    )
    store(session, reply)
    assert steps(session, "c1") == ["dark", "highlight Oslo", "slower"]
    store(session, say(session, "dark"))
    assert steps(session, "c2") == ["highlight Oslo", "slower", "sort it"]


def test_a_refusal_offers_what_fits_the_clip(session: Session) -> None:
    values = {"sales": SOLD}
    known: dict[str, Any] = {"variables": variables(values), "values": values}
    store(session, say(session, "a red ball on the beach at sunset"))
    store(session, session.hear("animate @sales as bars", {}, **known))
    for words in ("have a woman's voice read the figures aloud", "hello"):
        answer = session.hear(words, {}, **known).answer or ""
        offers = "Try: c2: dark · c2: highlight Oslo · save c2 as gif"
        assert answer.endswith(offers), answer
    for words in ("c2: dark", "c2: highlight Oslo"):
        assert session.consider(words, {}, **known).takes
    answer = session.hear("c1 with music", {}, **known).answer or ""
    assert answer.endswith("Try: c1: at night · c1: loop it · save c1 as gif")


def test_a_storyboard_is_offered_what_is_done_to_all_of_it(session: Session) -> None:
    words = "A dog runs on the beach. Then it runs in the desert. Then it sleeps."
    *_, film = store(session, say(session, words))
    found = steps(session, film.name)
    assert found[:2] == ["at night", "loop it"]
    assert "4 takes" not in found  # of which scene?


def test_a_refusal_reads_no_more_than_it_offers(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    store(session, say(session, "a red ball on the beach at sunset"))
    read: list[str] = []
    consider = Hearing.consider

    def counting(self: Hearing, asked: Asked, before: int | None) -> Reply:
        read.append(asked.words)
        return consider(self, asked, before)

    monkeypatch.setattr(Hearing, "consider", counting)
    said = say(session, "add music").answer or ""
    offered = [one for one in read if f"c1: {one}" in said]
    assert read == offered == ["at night", "loop it"]
