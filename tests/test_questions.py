"""A turn may end in a question mark without IPython taking it for help."""

import pytest
from IPython.core.inputtransformer2 import TransformerManager

from nbagent.notebook.questions import Question


@pytest.fixture
def transform() -> TransformerManager:
    manager = TransformerManager()
    manager.token_transformers.append(Question)
    return manager


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ("%agent what's c1?", "what's c1?"),
        ("%agent how {many} $x??", "how {many} $x??"),
        ("x = %agent is it done?", "is it done?"),
        ("if True:\n    %agent what is it?", "what is it?"),
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
