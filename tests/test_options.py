"""Options before the words; the words byte for byte."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbagent.errors import SpecError
from nbagent.notebook.options import (
    MAX_TURN_CHARS,
    OPTIONS,
    check_options,
    help_text,
    options_text,
    parse,
)


def test_options_come_before_the_words() -> None:
    options, words = parse("--seed 7 --takes=3 --draft a cat --fast on a mat")
    assert options == {"seed": 7, "takes": 3, "draft": True}
    assert words == "a cat --fast on a mat"


def test_cell_body_follows_the_lines_own_words() -> None:
    options, words = parse("--size 96x64 a cat", "on {a} mat\nat night\n")
    assert options == {"size": (64, 96)}
    assert words == "a cat\non {a} mat\nat night"


def test_two_dashes_end_the_options() -> None:
    assert parse("--draft -- --seed is a word") == ({"draft": True}, "--seed is a word")


def test_quoted_values_lose_their_quotes_only() -> None:
    assert parse('--model "my models/wan" it\'s "here"') == (
        {"model": "my models/wan"},
        'it\'s "here"',
    )


@given(st.text(min_size=1, max_size=200).filter(lambda s: s.strip()))
def test_any_words_pass_byte_for_byte(words: str) -> None:
    options, heard = parse("--seed 1 --", words)
    assert options == {"seed": 1}
    assert heard == words.strip()


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("", "the turn is empty"),
        ("--draft", "the turn is empty"),
        ("--sede 7 a cat", "did you mean --seed?"),
        ("--zzz a cat", "see %agent?"),
        ("--seed x a cat", "'x' is not a whole number"),
        ("--seed", "--seed needs a value: --seed N"),
        ("--seed --draft a cat", "--seed needs a value"),
        ("--takes 0 a cat", "0 is out of range: use 1 to 16"),
        ("--takes 99 a cat", "use 1 to 16"),
        ("--strength 2 a cat", "use 0.01 to 1"),
        ("--guidance warm a cat", "'warm' is not a number"),
        ("--size big a cat", "WIDTHxHEIGHT"),
        ("--span 2 a cat", "not a span: use START:END"),
        ("--region 0,0,1 a cat", "not a region: use LEFT,TOP,RIGHT,BOTTOM"),
        ("--region 0,0,2,1 a cat", "2 is out of range"),
        ("--draft=1 a cat", "--draft takes no value"),
        ("--draft --draft a cat", "given twice"),
        ("--draft --final a cat", "exclude each other"),
        ("--detach --dry-run a cat", "exclude each other"),
        ("a" * 10_000_000, f"the most is {MAX_TURN_CHARS:,}"),
    ],
)
def test_bad_input_is_one_line_that_says_what_to_do(line: str, says: str) -> None:
    with pytest.raises(SpecError) as caught:
        parse(line)
    message = str(caught.value)
    assert says in message
    assert "\n" not in message
    assert len(message) < 300


def test_help_has_a_row_for_each_option() -> None:
    rows = help_text().splitlines()
    assert len(rows) == len(OPTIONS)
    for row, option in zip(rows, OPTIONS, strict=True):
        assert row.strip().startswith(f"--{option.name}")
        assert option.help in row


@pytest.mark.parametrize(
    "line",
    [
        "--seed 7 --draft",
        "--size 96x64 --span 1:2",
        "--region 0,0,.5,1 --cache sea:0.2",
    ],
)
def test_options_mean_the_same_on_a_line_in_python_and_in_the_ledger(line: str) -> None:
    parsed, _ = parse(f"{line} at night")
    recorded = json.loads(json.dumps(parsed))
    assert check_options(parsed) == check_options(recorded) == parsed
    assert parse(f"{options_text(recorded)} at night")[0] == parsed
