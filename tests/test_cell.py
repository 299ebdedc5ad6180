"""A turn as a cell: whatever was pasted into it, the cell says it again and no more."""

from __future__ import annotations

import ast
import keyword
import re
from typing import Any

import nbformat
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from IPython.core.inputtransformer2 import TransformerManager

from nbagent.conversation.session import Session
from nbagent.notebook.cell import cell_of
from nbagent.notebook.export import export, to_markdown
from nbagent.notebook.line import parse, parse_call
from nbagent.notebook.options import OF_CLIPS, OPTIONS
from nbagent.notebook.questions import Question
from nbagent.notebook.transcript import Transcript

pytestmark = pytest.mark.phrases

# All that `str.splitlines` breaks a line at.
BREAKS = "\n\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"
PIECES = st.sampled_from(
    [
        *BREAKS,
        *"?!%#$`'\"\\{}[]()<>@;:=, \t.-—",
        *("\r\n", "%%agent", "%agent ", "!id", "%%bash", ">>> ", "In [1]: ", "...: "),
        *("import os", "-- ", "--seed 7", "—seed 7", "{1+1}", "$HOME", "\u202e", "\0"),
        *("a red ball", "c1", "球", "é", "👩‍🚀", "\xa0", "'''", '"""', "# a comment"),
    ]
)
# As a turn has them: no door lets the spaces around them in.
WORDS = (
    st.one_of(st.text(), st.lists(PIECES).map("".join))
    .map(str.strip)
    .filter(
        lambda words: words and not any("\ud800" <= one <= "\udfff" for one in words)
    )
)


def heard(source: str, *, has_magics: bool) -> tuple[dict[str, Any], str]:
    """Return the options and the words of the one call that a cell is."""
    manager = TransformerManager()
    if has_magics:
        manager.token_transformers.append(Question)
    lines = ast.parse(manager.transform_cell(source)).body
    if isinstance(first := lines[0], ast.Import):
        assert [name.name for name in first.names] == ["nbagent"]
        del lines[0]
    (line,) = lines
    assert isinstance(line, ast.Expr)
    assert isinstance(line.value, ast.Call)
    given = [ast.literal_eval(one) for one in line.value.args]
    called = ast.unparse(line.value.func)
    if called == "nbagent.say":
        named = {str(k.arg): ast.literal_eval(k.value) for k in line.value.keywords}
        (words,) = given
        typed = parse_call(words, named)
        assert not typed.notes
        return typed.options, typed.words
    assert called.startswith("get_ipython().run_")
    assert given[0] == "agent"
    options, words, _ = parse(*given[1:])
    return options, words


@given(words=WORDS, options=st.sampled_from([{}, {"seed": 7, "draft": True}]))
@example(words="a red ball\u2028import os; os.system('id')", options={})
@example(words="a red ball\r!id", options={})
@example(words="a red ball\\", options={})
@example(words="what is c1?", options={})
@example(words="%%bash\nid", options={})
@example(words=">>> import os", options={})
def test_a_cell_says_these_words_and_no_others(
    words: str, options: dict[str, Any]
) -> None:
    source = cell_of(words, options)
    for has_magics in (False, True):
        assert heard(source, has_magics=has_magics) == (options, words)


@given(words=WORDS)
def test_nothing_in_a_cell_is_unseen_or_another_line_to_an_editor(words: str) -> None:
    source = cell_of(words, {})
    assert source.splitlines() == source.split("\n")
    assert not re.search("[\u202a-\u202e\u2066-\u2069\0\r]", source)


@pytest.mark.parametrize("end", BREAKS)
def test_a_line_break_of_any_kind_ends_no_turn(end: str) -> None:
    words = f"a red ball{end}__import__('os').system('id')"
    assert heard(cell_of(words, {}), has_magics=True) == ({}, words)
    options = {"model": f"x{end}__import__('os').system('id')"}
    assert heard(cell_of("a ball", options), has_magics=True) == (options, "a ball")


@given(st.text(min_size=1), WORDS)
def test_an_option_with_anything_in_it_stays_one(model: str, words: str) -> None:
    options = {"model": model, "size": (64, 96), "span": (0.5, None)}
    source = cell_of(words, options)
    assert heard(source, has_magics=True) == (options, words)


def test_what_can_be_read_stays_readable() -> None:
    assert cell_of("a red ball", {"seed": 7}) == "%agent --seed 7 a red ball"
    assert cell_of("it's “{x}” & 'y' for $5", {}) == "%agent it's “{x}” & 'y' for $5"
    assert cell_of("one\ntwo", {"draft": True}) == "%%agent --draft\none\ntwo"
    assert cell_of("what is c1?", {}) == "%%agent\nwhat is c1?"
    assert cell_of("--odd", {"seed": 7}) == "%agent --seed 7 -- --odd"
    assert cell_of("海滩上的红球", {}) == "%agent 海滩上的红球"
    assert cell_of("a ball # at\rdusk", {}).endswith(
        "nbagent.say('-- a ball # at\\rdusk')"
    )
    assert cell_of("one\rtwo", {"size": (64, 96)}) == (
        "import nbagent\n\nnbagent.say('one\\rtwo', size='96x64')"
    )


def test_a_ledger_of_somebody_else_brings_no_code(session: Session) -> None:
    """Options come back from the ledger as JSON, which may be anybody's."""
    evil = "x\u2028import os\r!id"
    turn = session.ledger.turns.add(
        "test",
        "a red ball\x85!id",
        None,
        {"model": evil, "seed": [evil], "size": evil, "x=id(),y": 1, "target": evil},
    )
    assert turn.id
    path = export(session, Transcript(session).turns(), "ipynb")
    source = nbformat.read(path, as_version=4).cells[1].source
    tree = ast.parse(TransformerManager().transform_cell(source))
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    assert len(calls) == 1
    assert ast.unparse(calls[0].func) == "nbagent.say"
    keys = {one.arg for one in calls[0].keywords}
    assert keys <= {*OF_CLIPS, *(option.key for option in OPTIONS)}
    assert not any(map(keyword.iskeyword, filter(None, keys)))


def test_an_export_is_not_written_through_a_link(session: Session) -> None:
    session.ledger.turns.add("test", "a red ball", None, {})
    folder = session.settings.store.parent
    for kind in ("md", "ipynb"):
        (folder / f"test-chat.{kind}").symlink_to(folder / "elsewhere")
        assert export(session, Transcript(session).turns(), kind).stem != "test-chat"
    assert not (folder / "elsewhere").exists()


def turn(**more: Any) -> Any:
    blank = {"options": "", "words": "", "note": "", "answer": "", "error": ""}
    return {**blank, "takes": [], **more}


@pytest.mark.parametrize(
    "evil",
    [
        "<script>alert(1)</script>",
        "`<img src=x onerror=alert(1)>`",
        "``` \n<b>x</b>\n```",
        "a\n\n<b>x</b>",
        "a\u2028<b>x</b>",
        "a\r\r<b>x</b>",
        "a\x0b# x",
        "[x](javascript:alert(1))",
        "![x](http://evil/x.png)",
        "<http://evil>",
        "&lt;b&gt;",
        "$\\href{javascript:alert(1)}{x}$",
        "- one\n1. two\n2) three\n+ four\n---\n===",
        "> quoted\n# head",
        "*x* _y_ ~~z~~ |a|b|",
    ],
)
def test_markdown_shows_what_was_said_and_nothing_else(evil: str) -> None:
    import html

    from mistune import create_markdown

    turns = [
        turn(options=f"--model {evil}", words=evil, answer=evil, note=evil, error=evil)
    ]
    rendered = create_markdown(escape=False, plugins=["table", "strikethrough"])(
        to_markdown(evil, turns, "x")
    )
    tags = set(re.findall(r"<\s*(/?\w+)", str(rendered)))
    assert tags <= {*("h1", "blockquote", "p", "br", "code")} | {
        *("/h1", "/blockquote", "/p", "/code")
    }
    shown = html.unescape(re.sub(r"<[^>]*>", "", str(rendered)))
    assert "".join(shown.split()).count("".join(evil.split())) == 6
