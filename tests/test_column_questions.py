"""Words that name no column: the question, its answers, and what is said without a front end."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd
import pytest

from nbagent.conversation.context import variables
from nbagent.conversation.reply import Reply
from nbagent.conversation.session import Session
from nbagent.errors import SpecError, UnknownColumn
from nbagent.jobs.engine import Engine
from nbagent.notebook.line import parse
from nbagent.notebook.options import options_text
from nbagent.notebook.transcript import Transcript
from nbagent.settings import Settings
from tests.test_session import store

ORDERS = pd.DataFrame(
    {
        "order_date": pd.date_range("2024-01-01", periods=6, freq="D"),
        "delivery_date": pd.date_range("2024-01-03", periods=6, freq="D"),
        "containers": [4, 7, 5, 9, 8, 11],
    }
)
WORDS = "animate @orders: a line of containers by date"


@pytest.fixture
def session(settings: Settings) -> Iterator[Session]:
    session = Session(settings=settings, engine=Engine(settings))
    yield session
    session.close()


def say(session: Session, words: str, cell: str | None = None, **options: Any) -> Reply:
    values = {"orders": ORDERS}
    return session.hear(
        words,
        options,
        cell_id=cell,
        variables=variables(values),
        values=values,
    )


def shown(reply: Reply) -> str:
    (take,) = reply.takes
    assert take.chart is not None
    return take.chart.view.x


def test_several_columns_are_asked_for_with_the_words_that_name_neither(
    session: Session,
) -> None:
    reply = say(session, WORDS, "one")
    assert not reply.takes
    assert reply.plan.offers == ("date=order_date", "date=delivery_date")
    assert reply.answer is not None
    assert "there is no column 'date'" in reply.answer
    assert "--column date=order_date" in reply.answer


@pytest.mark.parametrize("answer", ["delivery_date", "Delivery date"])
def test_the_answer_is_a_column_in_words(session: Session, answer: str) -> None:
    say(session, WORDS, "one")
    reply = say(session, answer, "two")
    assert shown(reply) == "delivery_date"
    assert reply.words == WORDS


def test_a_cell_that_answered_does_so_when_it_is_run_again(session: Session) -> None:
    say(session, WORDS, "one")
    store(session, say(session, "delivery_date", "two"))
    assert shown(say(session, WORDS, "one")) == "delivery_date"


def test_anything_else_leaves_the_question(session: Session) -> None:
    say(session, WORDS, "one")
    assert not say(session, "what can you do?", "two").takes


def test_an_option_says_it_beforehand(session: Session) -> None:
    options, words, _ = parse(f"--column date=delivery_date {WORDS}")
    assert words == WORDS
    assert shown(say(session, words, "one", **options)) == "delivery_date"
    assert "--column date=delivery_date" in options_text(options)
    with pytest.raises(SpecError, match="does not name a column"):
        parse("--column date x")


def test_a_button_of_the_panel_is_one_of_the_columns(session: Session) -> None:
    say(session, WORDS, "one")
    (turn,) = Transcript(session).turns()
    assert [one["label"] for one in turn["readings"]] == ["order_date", "delivery_date"]
    assert not any("picture" in one for one in turn["readings"])


def test_without_a_front_end_it_is_one_line(session: Session) -> None:
    with pytest.raises(UnknownColumn, match="order_date") as error:
        say(session, WORDS)
    assert "\n" not in str(error.value)
