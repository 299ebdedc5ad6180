"""What reads the turns: the embedded reader, and a language model if one is connected.

The reader reads each turn. A model is asked for what the reader is not sure of and for
answers in words, and is sent what the turn names and no more.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from nbagent.acts.plan import Intent, Plan
from nbagent.conversation import mentions, proposals
from nbagent.conversation.attachments import attached
from nbagent.conversation.clip import Clip
from nbagent.conversation.discovery import found
from nbagent.conversation.llm import Answer, LanguageModel, OnText, View, is_sure
from nbagent.conversation.llm_context import outline
from nbagent.conversation.llm_tools import allowed, views
from nbagent.conversation.record import Record
from nbagent.conversation.stopping import released
from nbagent.errors import EngineError
from nbagent.language import read as read_words
from nbagent.language.state import SHOWN, State

READER: Final = "reader"  # what reads turns when no language model does

Brain = Callable[[str, State], Plan]


class Brains:
    """The readers of one session's turns.

    Args:
        brain: Makes a plan of a turn; the embedded reader if it is None.
    """

    def __init__(self, brain: Brain | None = None) -> None:
        self.tools: dict[str, View] = {}  # the user's own, by name
        self._brain = brain
        self._llm: LanguageModel | None = None
        self._connected: dict[str, LanguageModel] = {}

    @property
    def names(self) -> tuple[str, ...]:
        """The reader, and what was connected; what is in use stands first."""
        names = (READER, *self._connected)
        used = self.model or READER
        return (used, *(name for name in names if name != used))

    @property
    def model(self) -> str | None:
        """The language model in use, as it was connected."""
        models = self._connected.items()
        return next((name for name, llm in models if llm is self._llm), None)

    def connect(self, name: str | None = None, base_url: str | None = None) -> str:
        """Let a language model read and answer the turns that need one.

        Args:
            name: Of the model; one that was connected before needs no URL again, and
                `reader` goes back to the embedded reader alone. None looks for the
                first that this machine serves.
            base_url: Of a server that speaks OpenAI's protocol.
        """
        if name is None:
            return self._connect_first()
        if name == READER:
            self._llm = None
            return "only the built-in reader reads your turns now"
        if base_url is not None or name not in self._connected:
            self._connected[name] = LanguageModel(name, base_url)
        return self._use(name)

    def found(self) -> str:
        """Say which language models there are, and connect none."""
        if self._llm is not None:
            return f"{self.model} is connected."
        return found().told()

    def _connect_first(self) -> str:
        there, line = found(), ""
        if there.first is not None:
            name, base_url = there.first
            # It told what it has without a key; anybody may listen at such a port.
            self._connected[name] = LanguageModel(name, base_url, has_key=False)
            line = self._use(name)
        return "\n".join(filter(None, (line, there.told())))

    def _use(self, name: str) -> str:
        self._llm = self._connected[name]
        return (
            f"{name} is connected for this session: it answers questions in words"
            " and reads turns that nbagent cannot read by itself (anything it would"
            " render, stop or save beyond your words waits for your yes)"
        )

    def allow(self, function: View) -> None:
        """Let the language model call a function of the user's when it answers.

        Raises:
            SpecError: If it cannot be told of it.
        """
        self.tools[function.__name__] = allowed(function)

    def read(
        self,
        words: str,
        state: State,
        reading: Intent | None,
        values: Mapping[str, object],
    ) -> Plan:
        """Return a turn's plan by the reader, as the reading that the user chose if any.

        A turn that is one string variable and nothing else is what that says.
        """
        string = mentions.alone(words, values)
        if string is None:
            plan = self._read(words, state, reading)
            return mentions.checked(plan, state, values)
        name, text = string
        plan = self._read(text, state, reading)
        if not (plan.makes or reading):
            plan = self._read(text, state, "generate_video")
        return replace(plan, mentions=(name, *plan.mentions))

    def consult(
        self,
        words: str,
        plan: Plan,
        state: State,
        values: Mapping[str, object],
        *,
        timeout_s: float,
        on_text: OnText | None,
    ) -> tuple[Plan, tuple[str, ...]]:
        """Let a connected language model read what the reader is not sure of.

        Args:
            words: The turn.
            plan: The reader's.
            state: What it is read against.
            values: The notebook's variables.
            timeout_s: How long the model may take; 0 is as long as it needs.
            on_text: Hears that it is asked, and for how long.

        Returns:
            The plan, and a note of who read it.
        """
        # Which of the notebook's variables is meant is not a model's to choose.
        clips = all(state.clip(name) for name in plan.targets)
        is_asked = mentions.asks_which(plan) and (plan.unknown or not clips)
        if self._llm is None or is_asked or is_sure(plan):
            return plan, ()
        known = outline(state, _named(plan), attached(plan.mentions, values))
        try:
            with released():
                read = self._llm.plan(words, known, state, on_text, timeout_s=timeout_s)
            read = mentions.checked(proposals.weighed(read, plan, state), state, values)
            return read, (f"read by {self._llm.name}",)
        except EngineError as error:
            return plan, (f"{error}; nbagent read the turn without it",)

    def answer(
        self,
        words: str,
        plan: Plan,
        state: State,
        values: Mapping[str, object],
        *,
        record: Record,
        clip: Callable[[str], Clip],
        timeout_s: float,
        on_text: OnText | None,
    ) -> Answer:
        """Let the language model in use answer a turn.

        Args:
            words: The turn.
            plan: Of it: what it names may be looked at.
            state: What it is read against.
            values: The notebook's variables.
            record: Of the conversation.
            clip: Finds a clip by its name.
            timeout_s: How long the model may take; 0 is as long as it needs.
            on_text: Hears of the answer while it is written.

        Raises:
            EngineError: If the model does not answer.
        """
        assert self._llm is not None
        known = outline(state, _named(plan), attached(plan.mentions, values))
        pictures = {name: values[name] for name in plan.mentions if name in values}
        if SHOWN in plan.targets and SHOWN in values:
            pictures["this plot"] = values[SHOWN]
        named = [name for name in plan.targets if state.clip(name)]
        looks = views(record, clip, named, pictures)
        return self._llm.answer(
            words, known, on_text, (*looks, *self.tools.values()), timeout_s=timeout_s
        )

    def _read(self, words: str, state: State, reading: Intent | None) -> Plan:
        if self._brain is not None and reading is None:
            return self._brain(words, state)
        return read_words(words, state, as_intent=reading)


def _named(plan: Plan) -> tuple[str, ...]:
    """Return what a turn names, to be told of in full."""
    return (*plan.targets, *plan.mentions)
