"""A turn may end in a question mark without IPython taking it for help."""

from collections.abc import Iterator

import pytest
from IPython.core.inputtransformer2 import TransformerManager
from IPython.core.interactiveshell import InteractiveShell

from nbagent.errors import SpecError
from nbagent.notebook.questions import Question, with_plain_space

pytestmark = pytest.mark.phrases


@pytest.fixture
def transform() -> TransformerManager:
    manager = TransformerManager()
    manager.cleanup_transforms.append(with_plain_space)
    manager.token_transformers.append(Question)
    return manager


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ("%agent what's c1?", "what's c1?"),
        ("%agent how {many} $x??", "how {many} $x??"),
        ("x = %agent is it done?", "is it done?"),
        ("if True:\n    %agent what is it?", "what is it?"),
        ("%agent --draft is @df done?", "--draft is @df done?"),
        ("%agent what is \\\n  in @df?", "what is    in @df?"),
        ("%agent\u00a0a cat", "a cat"),
        ("x = %agent\ta cat", "a cat"),
    ],
)
def test_a_question_is_a_turn(
    transform: TransformerManager, cell: str, words: str
) -> None:
    code = transform.transform_cell(cell)
    assert f"run_line_magic('agent', {words!r})" in code
    assert "pinfo" not in code
    compile(code, "cell", "exec")


def test_help_and_strings_stay_what_they_are(transform: TransformerManager) -> None:
    assert "pinfo" in transform.transform_cell("%agent?")
    assert "pinfo" in transform.transform_cell("%agent??")
    text = "s = '''\n%agent what?\n'''\n"
    assert transform.transform_cell(text) == text


def test_two_questions_in_one_cell(transform: TransformerManager) -> None:
    code = transform.transform_cell("%agent one?\n%agent two?\n%agent three")
    assert code.count("run_line_magic('agent'") == 3


def test_a_command_may_end_in_a_question_too(transform: TransformerManager) -> None:
    code = transform.transform_cell("%nbagent context what is in @df?")
    assert "run_line_magic('nbagent', 'context what is in @df?')" in code
    assert "pinfo" in transform.transform_cell("%nbagent?")


def test_a_cell_magic_may_be_followed_by_any_space(
    transform: TransformerManager,
) -> None:
    code = transform.transform_cell("%%agent\u00a0--seed 7\na cat\n")
    assert "run_cell_magic('agent', '--seed 7', 'a cat\\n')" in code


@pytest.fixture
def shell(monkeypatch: pytest.MonkeyPatch) -> Iterator[InteractiveShell]:
    """Return a shell in which a cell may load the extension."""
    shell = InteractiveShell.instance()
    shown: list[str] = []
    monkeypatch.setattr(
        "nbagent.notebook.page.Page.text", lambda _page, text: shown.append(text)
    )
    shell.user_ns["shown"] = shown
    yield shell
    shell.run_line_magic("unload_ext", "nbagent")
    shell.reset(new_session=False)
    InteractiveShell.clear_instance()


@pytest.mark.parametrize("store_history", [True, False])  # a cell, an .ipy file
def test_it_is_loaded_and_asked_in_one_cell(
    shell: InteractiveShell, store_history: bool
) -> None:
    helped: list[str] = []
    shell.magics_manager.magics["line"]["pinfo"] = helped.append
    cell = """

%load_ext nbagent
idea = "a red ball"
%agent what is in @idea?
print?
x = %agent what is in @idea?
for _ in range(2):
    %agent what's in @idea??
%nbagent context what is in @idea?
"""
    shown = shell.user_ns["shown"]
    result = shell.run_cell(cell, store_history=store_history)
    result.raise_error()
    told = [text for text in shown if text.startswith("@idea (str)")]
    assert len(told) == 4
    assert len(shown) == 5
    assert shell.user_ns["x"] is None
    assert helped == ["print"]  # help is help, also between them
    helped.clear()
    shell.run_cell("idea?\n%agent what is in @idea?").raise_error()
    assert helped == ["idea"]
    assert shell.magics_manager.magics["line"]["pinfo"] == helped.append


def test_a_question_that_fails_fails_its_cell(shell: InteractiveShell) -> None:
    cell = "%load_ext nbagent\n%agent --sed 3 what is it?\nafter = 1"
    result = shell.run_cell(cell)
    with pytest.raises(SpecError, match="did you mean --seed"):
        result.raise_error()
    assert "after" not in shell.user_ns
