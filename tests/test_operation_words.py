"""Operations in words: all of them, and none by its own name where that is jargon."""

from __future__ import annotations

from typing import get_args

import pytest

from nbagent.take import Operation, words


@pytest.mark.parametrize("operation", get_args(Operation))
def test_each_operation_is_said_in_words(operation: str) -> None:
    said = words.changes(operation, "c1")
    assert said.endswith(("c1", "side by side", "in motion", "from a step on"))
    assert "c1" in said
    told = (
        f"{words.does(operation, 'it')} {words.can(operation)} {words.did(operation)}"
    )
    assert not {"inpaint", "remix", "derive", "reframe", "upscale"} & {*told.split()}


def test_what_is_drawn_or_made_anew_is_a_change_to_who_asks() -> None:
    assert (
        words.changes("generate", "c1") == words.changes("chart", "c1") == "change c1"
    )
    assert words.changes("inpaint", "c1") == "change a part of c1"
    assert words.can("animate") == "set a picture in motion"
