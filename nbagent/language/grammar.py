"""Closed classes of words, in every language that has a file in `lang/`.

What others ask for is here: values in a text (`find`), parts of a clip (`region`, `span`),
short turns (`answer`, `undoes`, `is_all`, `talk`, `topics`), the English of picture words
(`english`, `translate`), and which language a text seems to be in.

>>> [(one.kind, one.value) for one in find("25 fps, anderthalb Sekunden")]
[('fps', 25.0), ('duration', 1.5)]
"""

from nbagent.language.found import Found, find, unmarked
from nbagent.language.guess import language
from nbagent.language.parts import region, span
from nbagent.language.pictures import english
from nbagent.language.rules import Kind
from nbagent.language.talk import Answer, Undoes, answer, is_all, talk, topics, undoes

__all__ = [
    "Answer",
    "Found",
    "Kind",
    "Undoes",
    "answer",
    "english",
    "find",
    "is_all",
    "language",
    "region",
    "span",
    "talk",
    "topics",
    "undoes",
    "unmarked",
]
