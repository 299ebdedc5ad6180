"""Slips of typing are put right by the lists and the tables' names, and nothing else is."""

from __future__ import annotations

import pytest

from nbagent.charts.intake import table_of
from nbagent.language.data_slips import Righted, Slip, righted
from nbagent.language.reader import reader

TABLE = table_of(
    {"region": ["Northgate", "Harbour"], "net_sales": [1, 2], "betrag": [3, 4]}
)


def right(text: str) -> Righted:
    return righted(text, ["sales"], [TABLE], lambda word: reader().low.turn(word)[0])


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("anmiate the slaes by regoin", "animate the sales by region"),
        ("biggst frist, in eihgt secnods", "biggest first, in eihgt seconds"),
        ("onyl Norhtgate", "only Northgate"),
        ("Medain vom betrga je region", "median vom betrag je region"),
    ],
)
def test_slips_are_put_right(typed: str, meant: str) -> None:
    assert right(typed).text == meant


@pytest.mark.parametrize(
    "said",
    [
        "orange dots glowing at dawn",  # no slips of "range", "growing", "drawn"
        "the shapes and titles of my panels",
        'a title "Teh slaes of the yaer"',
        "@slaes, frist_col, teh_regoin",
        "地域別の売上",
    ],
)
def test_what_is_a_word_of_its_own_stays(said: str) -> None:
    assert right(said) == Righted(said)


def test_what_is_to_be_written_stays_as_it_was_typed() -> None:
    done = right("call it the frist slaes")
    assert done.text == "call it the first sales"
    assert done.slips == (Slip(12, 17, "frist"), Slip(18, 23, "slaes"))
    assert done.typed(8, 23) == "the frist slaes"
    assert done.typed(8, 17) == "the frist"
