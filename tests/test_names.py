"""Which cells name a clip in Python."""

from __future__ import annotations

import pytest

from nbagent.notebook.names import has_clip


@pytest.mark.parametrize(
    "source",
    [
        "c1.frames.shape",
        "%%time\nc12.save('x.mp4')",
        "x = [c1, c2]",
        "c1 == c2",
        "%agent a ball\nc1",
    ],
)
def test_python_that_names_a_clip(source: str) -> None:
    assert has_clip(source)


@pytest.mark.parametrize(
    "source",
    [
        "c1 = 5",
        "%agent c1 at night",
        "x = %agent like c1 but a cat",
        "%nbagent save c1",
        "%%agent\nc1 and then c2",
        "abc1 + c0 + c",
        "x.c1 = 3",
        "",
    ],
)
def test_what_names_none(source: str) -> None:
    assert not has_clip(source)
