"""The error tree is what its docstring draws."""

from __future__ import annotations

import re

import pytest

from nbagent import errors
from nbagent.errors import EngineError, NbagentError, SpecError


def test_the_drawing_is_the_tree() -> None:
    drawn = re.findall(r"[├└]── (\w+)|^ {4}(NbagentError)$", errors.__doc__ or "", re.M)
    defined = {n for n, v in vars(errors).items() if isinstance(v, type)}
    assert {a or b for a, b in drawn} == defined


@pytest.mark.parametrize(
    "error", [v for v in vars(errors).values() if isinstance(v, type)]
)
def test_every_error_has_one_root_and_one_line(error: type[Exception]) -> None:
    assert issubclass(error, NbagentError)
    assert (error.__doc__ or "").count("\n") == 0
    assert str(error("what happened: what to do")) == "what happened: what to do"


def test_a_users_mistake_is_no_failure_of_the_world() -> None:
    assert issubclass(SpecError, ValueError)
    assert not issubclass(SpecError, EngineError)
    assert not issubclass(EngineError, SpecError)
