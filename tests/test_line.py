"""A line of `%agent`: options around the words, and the words byte for byte."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbagent.errors import SpecError
from nbagent.notebook.line import parse
from nbagent.notebook.options import MAX_TURN_CHARS
from nbagent.notebook.typed import split


def test_options_come_before_the_words() -> None:
    options, words, notes = parse("--seed 7 --takes=3 --draft a cat --fast on a mat")
    assert options == {"seed": 7, "takes": 3, "draft": True}
    assert words == "a cat --fast on a mat"
    assert notes == ()


def test_cell_body_follows_the_lines_own_words() -> None:
    options, words, _ = parse("--size 96x64 a cat", "on {a} mat\nat night\n")
    assert options == {"size": (64, 96)}
    assert words == "a cat\non {a} mat\nat night"


def test_two_dashes_end_the_options() -> None:
    words = "--seed is a word # and this no comment --draft"
    assert parse(f"--draft -- {words}") == ({"draft": True}, words, ())


def test_quoted_values_lose_their_quotes_only() -> None:
    assert parse('--model "my models/wan" it\'s "here"') == (
        {"model": "my models/wan"},
        'it\'s "here"',
        (),
    )


@given(st.text(min_size=1, max_size=200).filter(lambda s: s.strip()))
def test_any_words_pass_byte_for_byte(words: str) -> None:
    options, heard, _ = parse("--seed 1 --", words)
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
        ("--span 2 a cat", "not a time span: use START:END"),
        ("--region 0,0,1 a cat", "not a region: use LEFT,TOP,RIGHT,BOTTOM"),
        ("--region 0,0,2,1 a cat", "2 is out of range"),
        ("--draft=1 a cat", "--draft takes no value"),
        ("--draft --draft a cat", "given twice"),
        ("--draft --final a cat", "exclude each other"),
        ("--detach --dry-run a cat", "exclude each other"),
        ("--draft a cat --final", "exclude each other"),
        ("--seed 1 a cat --seed 2", "--seed is given twice: keep one"),
        ("a cat --seed", "--seed needs a value: --seed N"),
        ("a cat --seed seven", "--seed 'seven' is not a whole number"),
        ("a cat --seed 7 on a mat", "--seed is in the middle of the words"),
        ("a cat --sed 7", "unknown option --sed: did you mean --seed?"),
        ("a cat --ar 16:9 --draft", "unknown option --ar"),
        ("a cat --draft --ar 16:9", "unknown option --ar"),
        ("a cat --zzz", "write a lone -- before the words to keep it"),
        ("\u2014size matters", "(to keep it as words, write a lone -- first)"),
        ("# a cat", "the turn is empty"),
        ("\u200b", "the turn is empty"),
        ("a" * 10_000_000, f"and {MAX_TURN_CHARS:,} is the limit"),
    ],
)
def test_bad_input_is_one_line_that_says_what_to_do(line: str, says: str) -> None:
    with pytest.raises(SpecError) as caught:
        parse(line)
    message = str(caught.value)
    assert says in message
    assert "\n" not in message
    assert len(message) < 300


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("a cat  # -> four takes", "a cat"),
        ("a cat #", "a cat"),
        ("a cat ## really", "a cat"),
        ("a #1 fan of c# minor in #ff0000", "a #1 fan of c# minor in #ff0000"),
        ('a sign "we are # 1" at night # c1', 'a sign "we are # 1" at night'),
        ("it's a dog's day # so it's said", "it's a dog's day"),
    ],
)
def test_a_comment_is_not_words_and_a_number_sign_in_words_stays(
    line: str, words: str
) -> None:
    assert parse(line) == ({}, words, ())
    assert parse(f"--seed 7 {line}") == ({"seed": 7}, words, ())


def test_a_body_is_words_whatever_it_looks_like() -> None:
    body = "# Scene 1\na cat\n# Scene 2\na dog --fast on a mat"
    assert parse("--seed 7  # two scenes", body) == ({"seed": 7}, body, ())


@pytest.mark.parametrize("body", ["--seed 7 a cat", "a cat --seed 7\n"])
def test_an_option_in_a_body_is_asked_about(body: str) -> None:
    with pytest.raises(SpecError, match="--seed is in the body of the cell"):
        parse("", body)
    assert parse("--", body) == ({}, body.strip(), ())


# What pages, word processors and keyboards of other scripts make of two hyphens.
DASHES = "\u2010 \u2011 \u2012 \u2013 \u2014 \u2015 \u2212 \u2e3a \u30fc \ufe63 \uff0d \uff70".split()
SPACES = ["\u00a0", "\u2007", "\u202f", "\u3000", "\t", "\u200b ", "\ufeff "]


@pytest.mark.parametrize(
    "dash", [*DASHES, *(2 * dash for dash in DASHES), "-", "-\u2013"]
)
def test_an_option_is_known_by_its_name_whatever_became_of_its_dash(dash: str) -> None:
    for line in (f"{dash}seed 7 a blue cube", f"a blue cube {dash}seed 7"):
        options, words, (note,) = parse(line)
        assert (options, words) == ({"seed": 7}, "a blue cube")
        assert "--seed 7" in note
    inner = dash[0]
    assert parse(f"--dry{inner}run a cube").options == {"dry_run": True}
    if dash != "-":
        assert parse(f"--seed {inner}5 a cube").options == {"seed": -5}


@pytest.mark.parametrize("dash", DASHES)
@pytest.mark.parametrize("words", ["{} a cat", "{}modern house", "a cat {} final cut"])
def test_a_dash_that_names_no_option_is_words(dash: str, words: str) -> None:
    said = words.format(dash)
    assert parse(said) == ({}, said, ())


@pytest.mark.parametrize("space", SPACES)
def test_spaces_that_do_not_break_and_signs_that_are_not_seen(space: str) -> None:
    line = f"{space}--seed{space}7{space}--draft{space}a cat"
    assert parse(line) == ({"seed": 7, "draft": True}, "a cat", ())


@pytest.mark.parametrize(
    ("line", "options"),
    [
        ("--model \u201cmy models/wan\u201d a cat", {"model": "my models/wan"}),
        ("--model \u201emy models/wan\u201c a cat", {"model": "my models/wan"}),
        ("--model \u2018my models/wan\u2019 a cat", {"model": "my models/wan"}),
        ("--model \u00abmy models/wan\u00bb a cat", {"model": "my models/wan"}),
        ("--size \u201c96\u00d764\u201d a cat", {"size": (64, 96)}),
        ("--seed\uff1d\uff17 a cat", {"seed": 7}),
        ("--span 1\uff1a2 a cat", {"span": (1, 2)}),
        ("--\uff53\uff45\uff45\uff44 7 a cat", {"seed": 7}),
    ],
)
def test_values_as_a_word_processor_writes_them(
    line: str, options: dict[str, object]
) -> None:
    assert parse(line)[:2] == (options, "a cat")


def test_options_behind_the_words_are_taken_and_said() -> None:
    options, words, notes = parse("a dog's life --seed 7 --dry-run --draft")
    assert options == {"seed": 7, "dry_run": True, "draft": True}
    assert words == "a dog's life"
    assert notes == (
        "read as options: --seed 7 --dry-run --draft (to keep them as words, write"
        " a lone -- first)",
    )
    assert parse('--takes 2 a cat --model "my models/wan"').options == {
        "takes": 2,
        "model": "my models/wan",
    }
    quoted = 'a sign that says "use --seed 7"'
    assert parse(quoted) == ({}, quoted, ())


@given(st.text(max_size=80), st.sampled_from(["", "--seed 7", " # 1", "\u2014draft"]))
def test_after_a_lone_dash_all_is_words(words: str, end: str) -> None:
    words = f"{words} {end}".strip()
    if words:
        assert parse(f"--steps 3 -- {words}") == ({"steps": 3}, words, ())


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("panel  # docked at the right", ["panel"]),
        ("connect x http://h/v1#part  # ours", ["connect", "x", "http://h/v1#part"]),
        (
            "conversation the dog's and the cat's",
            "conversation the dog's and the cat's".split(),
        ),
        ("save c1 rock'n'roll.mp4", ["save", "c1", "rock'n'roll.mp4"]),
        ("save c1 'my film.mp4'", ["save", "c1", "my film.mp4"]),
        ("save c1 \u201cmy film.mp4\u201d", ["save", "c1", "my film.mp4"]),
        ("save c1 my\\ film.mp4", ["save", "c1", "my film.mp4"]),
        ("panel\u00a0split\u200b", ["panel", "split"]),
        ("  # nothing", []),
    ],
)
def test_a_command_line_is_split_as_it_is_meant(line: str, words: list[str]) -> None:
    assert split(line) == words


def test_an_open_quote_is_asked_about() -> None:
    with pytest.raises(SpecError, match="close the quote"):
        split('save c1 "my film.mp4')
