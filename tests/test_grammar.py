"""The closed classes of words: what is found in a text, and in which language."""

import pytest

from nbagent.language.grammar import find


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("twenty-five seconds", "duration", 25),
        ("anderthalb Sekunden", "duration", 1.5),
        ("二十秒", "duration", 20),
        ("세 개", "number", 3),
        ("from 1 to 2.5 seconds", "span", (1, 2.5)),
        ("half as fast", "factor", 0.5),
        ("21 zu 9", "ratio", "21:9"),
        ("dal secondo 3 al 5", "span", (3, 5)),
        ("make it 24 fps", "fps", 24),
    ],
)
def test_a_value_is_found(text: str, kind: str, value: object) -> None:
    assert [(one.kind, one.value) for one in find(text)] == [(kind, value)]
