"""The closed classes of words: what is found in a text, in every language.

The cases are in `data/grammar`, one file a language as the words themselves are.
"""

from __future__ import annotations

import ast
import shutil
import time
import tomllib
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from nbagent.acts.base import Span
from nbagent.language import found as found_module
from nbagent.language import grammar, guess, lexicon, numbers, pictures
from nbagent.language.grammar import (
    answer,
    english,
    find,
    is_all,
    language,
    region,
    span,
    talk,
    topics,
)

_CASES = Path(__file__).parent / "data" / "grammar"
_ROOM = Path(grammar.__file__).parent
LANGS = sorted(path.stem for path in _CASES.glob("*.toml"))


def cases(table: str) -> list[Any]:
    """Return the rows of a table of every language, each with a readable name."""
    found = []
    for lang in LANGS:
        data = tomllib.loads((_CASES / f"{lang}.toml").read_text(encoding="utf-8"))
        for row in data.get(table, ()):
            said, *rest = row if isinstance(row, list) else [row]
            found.append(pytest.param(lang, said, rest, id=f"{lang}-{said[:40]}"))
    return found


def plain(value: object) -> Any:
    """Return a value as the files have it: no tuples, "none" for nothing."""
    if isinstance(value, tuple):
        return [plain(one) for one in value]
    return "none" if value is None else value


def test_every_language_has_its_cases() -> None:
    assert sorted(lexicon.languages()) == LANGS
    assert len(LANGS) == 9


@pytest.mark.parametrize(("lang", "said", "expected"), cases("find"))
def test_what_is_found(lang: str, said: str, expected: list[Any]) -> None:
    found = [[one.kind, plain(one.value)] for one in find(said)]
    assert [kind for kind, _ in found] == [kind for kind, _ in expected], (lang, found)
    for (_, value), (_, wanted) in zip(found, expected, strict=True):
        is_number = isinstance(wanted, int | float)
        assert value == (pytest.approx(wanted, abs=1e-3) if is_number else wanted)


@pytest.mark.parametrize(("lang", "said", "expected"), cases("find"))
def test_a_place_is_that_of_the_words(
    lang: str, said: str, expected: list[Any]
) -> None:
    for one in find(f"¡{said}, ok?"):
        assert 0 < one.start < one.end <= len(said) + 1, lang
    ends = [(one.start, one.end) for one in find(said)]
    assert all(a[1] <= b[0] for a, b in pairwise(ends)), expected


@pytest.mark.parametrize(("lang", "said", "_rest"), cases("language"))
def test_the_language_is_guessed(lang: str, said: str, _rest: list[Any]) -> None:
    assert language(said) == lang


@pytest.mark.parametrize(("lang", "said", "box"), cases("region"))
def test_a_region_is_read(lang: str, said: str, box: list[Any]) -> None:
    found = region(said)
    assert (found is not None) == bool(box), lang
    if found:
        assert found == pytest.approx(box[0], abs=1e-3)


@pytest.mark.parametrize(("lang", "said", "ends"), cases("span"))
def test_a_span_is_read(lang: str, said: str, ends: list[Any]) -> None:
    found = span(said)
    assert (found is not None) == bool(ends), lang
    if found:
        start, *rest = ends[0]
        end = rest[0] if rest else None
        wanted = Span(start=start, end=end, is_share="share" in rest)
        assert found.is_share == wanted.is_share
        assert found.start == pytest.approx(start, abs=1e-3)
        assert found.end == (end if end is None else pytest.approx(end, abs=1e-3))


@pytest.mark.parametrize(("lang", "said", "expected"), cases("answer"))
def test_an_answer_is_read(lang: str, said: str, expected: list[str]) -> None:
    assert answer(said) == (expected[0] if expected else None), lang


@pytest.mark.parametrize(("lang", "said", "expected"), cases("talk"))
def test_talk_is_read(lang: str, said: str, expected: list[str]) -> None:
    assert talk(said) == expected[0], lang


@pytest.mark.parametrize(("lang", "said", "expected"), cases("topics"))
def test_topics_are_read(lang: str, said: str, expected: list[str]) -> None:
    assert list(topics(said)) == expected, lang


@pytest.mark.parametrize(("lang", "said", "_rest"), cases("all"))
def test_everything_is_meant(lang: str, said: str, _rest: list[Any]) -> None:
    assert is_all(said), lang


@pytest.mark.parametrize(("lang", "said", "_rest"), cases("some"))
def test_not_everything_is_meant(lang: str, said: str, _rest: list[Any]) -> None:
    assert not is_all(said), lang


@pytest.mark.parametrize(("lang", "said", "rest"), cases("english"))
def test_a_phrase_has_its_english(lang: str, said: str, rest: list[Any]) -> None:
    what, *expected = rest
    assert english(said, what) == (expected[0] if expected else None), lang


def test_no_code_names_a_language() -> None:
    names = {*lexicon.languages()}
    for path in _ROOM.rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        said = {n.value for n in ast.walk(tree) if isinstance(n, ast.Constant)}
        # The guess falls back to the language of the program itself.
        assert not (said & names) - ({"en"} if path.stem == "guess" else set()), path


def test_a_language_is_one_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "lang"
    shutil.copytree(_ROOM / "lang", folder)
    (folder / "nl.toml").write_text(
        'markers = "een, het, van, met, op, en, niet, maar"\nendings = "e"\n'
        '[units]\ns = "seconde, seconden"\n[colors]\nred = "rood, rode"\n'
        '[times]\n"at night" = "nacht"\n[phrase_words]\nbefore = "in de"\n',
        encoding="utf-8",
    )
    files = "nbagent.language.lexicon.resources.files"
    monkeypatch.setattr(files, lambda _package: tmp_path)
    forget()
    try:
        said = find("een rode auto op het strand, vijfentwintig seconden")
        assert [one.value for one in said] == ["red", 25]
        assert language("een rode auto met een hond") == "nl"
        assert english("in de nacht", "time") == "at night"
    finally:
        monkeypatch.undo()
        forget()


def forget() -> None:
    """Forget what was read of the files."""
    for module in (found_module, guess, lexicon, numbers, pictures):
        for one in vars(module).values():
            if hasattr(one, "cache_clear"):
                one.cache_clear()


def test_no_code_searches_with_regular_expressions() -> None:
    for path in _ROOM.rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        imports = [n for n in ast.walk(tree) if isinstance(n, ast.Import)]
        names = {alias.name for one in imports for alias in one.names}
        assert "re" not in names, path


def test_a_long_turn_is_read_quickly() -> None:
    said = ("the second cat, 2.5 s, from 1 to 3 seconds, " * 5)[:200]
    find("warm")
    began = time.perf_counter()
    for n in range(20):
        find(f"{said}{n}")
    assert (time.perf_counter() - began) / 20 < 0.02  # 1 ms where nothing else runs


def test_the_files_are_read_quickly() -> None:
    taken = []
    for _ in range(3):  # others may be at the processor's caches
        forget()
        began = time.process_time()
        find("2 s")
        taken.append(time.process_time() - began)
    assert min(taken) < 0.3  # 65 ms where nothing else runs


@pytest.mark.parametrize(
    "said",
    [
        "",
        " ",
        "1" * 500,
        "," * 500,
        "@" * 99,
        "[" * 99,
        "1:" * 99,
        "二" * 500,
        "5/0",
    ],
)
def test_nonsense_is_survived(said: str) -> None:
    for rule in (find, region, span, answer, talk, topics, is_all, language):
        rule(said)
