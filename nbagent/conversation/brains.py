"""What reads the turns: the embedded router, and a language model if one is connected.

The router reads each turn. A model is asked for what the router is not sure of and for
answers in words, and is sent what the turn names and no more.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from nbagent.acts.plan import Intent, Plan
from nbagent.conversation import mentions, proposals
from nbagent.conversation.attachments import attached
from nbagent.conversation.clip import Clip
from nbagent.conversation.discovery import found
from nbagent.conversation.llm import LanguageModel, OnText, View, is_sure
from nbagent.conversation.outline import outline
from nbagent.conversation.record import Record
from nbagent.conversation.references import clips_named, shown_picture
from nbagent.conversation.router import route
from nbagent.conversation.stopping import released
from nbagent.conversation.views import allowed, views
from nbagent.errors import EngineError
from nbagent.language.state import State

ROUTER: Final = "router"  # what reads turns when no language model does

Brain = Callable[[str, State], Plan]


class Brains:
    """The readers of one session's turns.

    Args:
        brain: Makes a plan of a turn.
    """

    def __init__(self, brain: Brain) -> None:
        self.tools: dict[str, View] = {}  # the user's own, by name
        self._brain = brain
        self._llm: LanguageModel | None = None
        self._connected: dict[str, LanguageModel] = {}

    @property
    def names(self) -> tuple[str, ...]:
        """The router, and what was connected; what is in use stands first."""
        names = (ROUTER, *self._connected)
        used = self.model or ROUTER
        return (used, *(name for name in names if name != used))

    @property
    def model(self) -> str | None:
        """The language model in use, as it was connected."""
        models = self._connected.items()
        return next((name for name, llm in models if llm is self._llm), None)

    def connect(self, name: str | None, base_url: str | None) -> str:
        """Let a language model read and answer, or the router alone; say so.

        Without a name it is the first that this machine serves.
        """
        if name is None:
            there = found()
            line = self.connect(*there.first) if there.first else ""
            return "\n".join(filter(None, (line, there.told())))
        if name == ROUTER:
            self._llm = None
            return "turns are read by the embedded router alone"
        if base_url is not None or name not in self._connected:
            self._connected[name] = LanguageModel(name, base_url)
        self._llm = self._connected[name]
        return (
            f"{name} is connected for this session: it answers in words, and reads the"
            " turns that are not understood without it (what it would render, stop or"
            " save beyond your words waits for your yes)"
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
        """Return a turn's plan by the router, as the reading that the user chose if any."""
        plan = self._routed(words, state, reading, values)
        return mentions.checked(words, plan, state, values)

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
        is_asked = plan.intent == "ask" and plan.unknown
        if self._llm is None or is_asked or is_sure(plan):
            return plan, ()
        known = outline(state, words, attached(plan.mentions, values))
        try:
            with released():
                read = self._llm.plan(words, known, state, on_text, timeout_s=timeout_s)
            return proposals.weighed(read, plan, state), (f"read by {self._llm.name}",)
        except EngineError as error:
            return plan, (f"{error}; the turn was read without it",)

    def answer(
        self,
        words: str,
        state: State,
        values: Mapping[str, object],
        *,
        record: Record,
        clip: Callable[[str], Clip],
        timeout_s: float,
        on_text: OnText | None,
    ) -> str:
        """Let the language model in use answer a turn.

        Args:
            words: The turn.
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
        names = mentions.mentioned(words)
        known = outline(state, words, attached(names, values))
        pictures = {name: values[name] for name in names if name in values}
        if shown := shown_picture(words, state):
            pictures["this plot"] = values[shown]
        looks = views(record, clip, clips_named(words, state), pictures)
        return self._llm.answer(
            words, known, on_text, (*looks, *self.tools.values()), timeout_s=timeout_s
        )

    def _routed(
        self,
        words: str,
        state: State,
        reading: Intent | None,
        values: Mapping[str, object],
    ) -> Plan:
        if reading is None:
            plan = self._brain(words, state)
        else:
            plan = route(words, state, reading)
        own = mentions.stood_in(words, values)
        alone = mentions.is_only_mention(words)
        is_asked = plan.intent in ("analyze", "describe", "control")
        if own == words or (is_asked and not alone):
            return plan
        said = mentions.spelled_out(words, values)
        read = self._brain(said if alone else own, state)
        if read.makes or alone:
            return route(said, state, read.intent if read.makes else "generate_video")
        return plan
