"""The error tree is what its docstring draws."""

from __future__ import annotations

import re

import pytest

from nbagent import errors
from nbagent.errors import EngineError, NbagentError, SpecError, Unsettled

ERRORS = [
    value
    for value in vars(errors).values()
    if isinstance(value, type) and value.__module__ == errors.__name__
]


def test_the_drawing_is_the_tree() -> None:
    drawn = re.findall(r"[├└]── (\w+)|^ {4}(NbagentError)$", errors.__doc__ or "", re.M)
    assert {a or b for a, b in drawn} == {error.__name__ for error in ERRORS}


@pytest.mark.parametrize("error", ERRORS)
def test_every_error_has_one_root_and_one_line(error: type[Exception]) -> None:
    assert issubclass(error, NbagentError)
    if issubclass(
        error, Unsettled
    ):  # made of what it asks; tests/test_column_questions.py
        return
    assert (error.__doc__ or "").count("\n") == 0
    assert str(error("what happened: what to do")) == "what happened: what to do"


def test_a_users_mistake_is_no_failure_of_the_world() -> None:
    assert issubclass(SpecError, ValueError)
    assert not issubclass(SpecError, EngineError)
    assert not issubclass(EngineError, SpecError)
