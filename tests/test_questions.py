"""A turn may end in a question mark without IPython taking it for help."""

import pytest
from IPython.core.inputtransformer2 import TransformerManager

from nbagent.notebook.questions import Question, with_plain_space


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
