"""The language model that a user connected: it answers, and reads unclear turns.

nbagent works without one. A connected model gets the turn, what was said before, a line
for each clip, and of each variable its name, type and size; of one that the turn names
with @, a summary within a budget (`%nbagent context` shows all of it). It may look closer
through the views that it is given, which only read. Never a key from us: the provider's
own environment variable holds it.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import wait
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, TypeVar

from nbagent.acts.plan import Plan, Proposal
from nbagent.conversation.attachments import MAX_CHARS
from nbagent.conversation.endpoint import KEY, connected
from nbagent.conversation.fence import Fence
from nbagent.errors import EngineError
from nbagent.language import SURE
from nbagent.language.state import State
from nbagent.settings import LLM_TIMEOUT_S

if TYPE_CHECKING:
    from pydantic_ai.models import Model

    from nbagent.conversation.drafts import PlanDraft

T = TypeVar("T")
View = Callable[..., object]
OnText = Callable[[str], None]
"""Hears what stands in the turn's place meanwhile: who is asked, then the answer so far.

It is called in the thread that waits, never in another.
"""

_SLICE_S = 0.1  # between two looks at what has come: the stop button gets through
_PLAN_TOKENS = 4000  # a model that thinks first needs most of them for that
_REQUESTS = 8  # of one turn, looks and corrections included
ANSWER_CHARS: Final = 8_000
"""An answer is cut here: more is scrolled past, and a runaway model writes for ever."""

_CUT = f"\n\n(cut off at {ANSWER_CHARS:,} characters: ask for a shorter answer)"
_ANSWERING = (
    "You are part of nbagent, which makes video clips in a Jupyter notebook. Answer"
    " the user's turn in plain words, briefly. You cannot render clips. You see one"
    " line about each clip and variable, and of variables no content but of those that"
    " the turn names with @; look closer with the tools only if the turn"
    " needs it, and say so when you have not seen what it asks about."
)
_PLANNING = (
    "You are part of nbagent, which makes short video clips and stills in a Jupyter"
    " notebook and changes them. Say what the user's turn asks for, as a plan; it will be"
    " carried out as you write it, and rendering costs the user time.\n"
    "Intents: generate_video is a new clip, whether or not the turn says video;"
    " generate_image a new still; storyboard several scenes that belong together; refine"
    " changes a clip or still that is there; animate_image makes a clip from a picture,"
    " plot, array or still; describe is a question about a clip; analyze one about data"
    " in the notebook; chat is all that is answered in words, also a turn that only talks"
    " about videos; control cancels, keeps, pauses, resumes, saves, exports, shares,"
    " deletes, renames, or says what runs; ask is a turn that cannot be acted on without"
    " a question back: too vague, or of two things that it could mean only the user knows"
    " which; unsupported asks for what no act, setting or control action can do, such as"
    " sound. 'What if' and 'what would it look like' are pictures: generate_video, or"
    " refine if they are about a clip. A correction of the last turn is what it corrects,"
    " with the corrected acts.\n"
    "Texts in the plan are taken from the turn word for word, in its language, as short as"
    " they can be: no articles, no verbs of asking. Numbers are plain: seconds, factors,"
    " pixels. State only what the turn states, and each thing once: what an act says is no"
    " setting as well. Beside its intent a plan has:"
)
_ACTS = (
    "The acts. Each may have a span, [from_s, to_s] or the turn's words for a"
    " part of the time, and a region, [left, top, right, bottom] as shares from 0 to 1 or"
    " the turn's words for a part of the picture, if the turn limits it to one."
)


_ANSWERED: Final = "answered by "


class Answer(str):
    """What a language model wrote: Markdown, with what it took.

    Attributes:
        tokens: What was sent and what was written, as the server counts them; zero where
            it does not.
    """

    tokens: tuple[int, int] = (0, 0)

    @classmethod
    def of(cls, text: str, usage: Any) -> Answer:
        """Return a text with what it took."""
        answer = cls(_cut(text))
        answer.tokens = (usage.input_tokens, usage.output_tokens)
        return answer

    def note(self, name: str) -> str:
        """Say who wrote it, and what it took if that was counted."""
        sent, written = self.tokens
        if not (sent or written):
            return f"{_ANSWERED}{name}"
        return f"{_ANSWERED}{name} ({sent:,} tokens in, {written:,} out)"


def is_answered(notes: str) -> bool:
    """Return whether the lines of a turn say that a language model wrote its answer."""
    return any(line.startswith(_ANSWERED) for line in notes.splitlines())


def is_sure(plan: Plan) -> bool:
    """Return whether the reader's own plan will do: it is sure of it, and of all words."""
    return is_firm(plan) and not plan.unread


def is_firm(plan: Plan) -> bool:
    """Return whether the reader is sure of what a turn asks for, if not of all words."""
    return plan.intent != "ask" and plan.confidence >= SURE


class LanguageModel:
    """A model by its pydantic-ai name, such as `openai:gpt-5` or `ollama:llama3`.

    Args:
        name: Provider and model; or any model name with a `base_url`.
        base_url: Of a server that speaks OpenAI's protocol, such as a local one.
        has_key: Whether that server may be sent a key of the environment.
        model: What is asked, if it is made already.

    Raises:
        MissingExtra: If `nbagent[llm]` is not installed.
        SpecError: If there is no such model, or its key is not set.
    """

    def __init__(
        self,
        name: str,
        base_url: str | None = None,
        *,
        has_key: bool = True,
        model: Model | None = None,
    ) -> None:
        self.name = name
        self._model = model or connected(name, base_url, has_key=has_key)
        self._is_compatible = base_url is not None
        self._loop: asyncio.AbstractEventLoop | None = None

    def answer(
        self,
        words: str,
        known: str,
        on_text: OnText | None = None,
        views: Sequence[View] = (),
        *,
        timeout_s: float = LLM_TIMEOUT_S,
    ) -> Answer:
        """Return the model's answer to a turn, cut at `ANSWER_CHARS`.

        Args:
            words: The turn.
            known: What it is read against, as `outline` tells it.
            on_text: Hears that it is asked, then the answer so far as it is written.
            views: What it may call to look closer: each has a docstring for the model
                and returns text or PNG files.
            timeout_s: How long it may take; 0 is as long as it needs.

        Raises:
            EngineError: If the model could not be reached or did not answer.
        """
        from pydantic_ai import Agent

        fence = Fence.drawn()
        agent: Any = Agent(
            self._model,
            instructions=_ANSWERING + fence.rule,
            tools=[_tool(view, fence) for view in views],
        )
        prompt = _prompt(words, known, fence)
        meanwhile = _Meanwhile(self.name, on_text)
        write = None if on_text is None else meanwhile.write
        return self._run(_answer(agent, prompt, write), timeout_s, meanwhile)

    def plan(
        self,
        words: str,
        known: str,
        state: State,
        on_text: OnText | None = None,
        *,
        timeout_s: float = LLM_TIMEOUT_S,
        corrections: int = 1,
    ) -> Plan:
        """Return the model's reading of a turn.

        Args:
            words: The turn.
            known: What it is read against, as `outline` tells it.
            state: The same as values, which the plan must hold against.
            on_text: Hears that it is asked and for how long; at the end, nothing.
            timeout_s: How long it may take; 0 is as long as it needs.
            corrections: How often it may mend what cannot be carried out.

        Raises:
            EngineError: If the model could not be reached, or wrote no plan that can
                be carried out.
        """
        from nbagent.conversation.drafts import to_plan

        fence = Fence.drawn()
        agent = self._planner(state, fence, corrections)
        prompt = _prompt(words, known, fence)

        async def read() -> PlanDraft:
            run = await agent.run(prompt, usage_limits=_limits())
            output: PlanDraft = run.output
            return output

        meanwhile = _Meanwhile(self.name, on_text)
        try:
            draft = self._run(read(), timeout_s, meanwhile)
        finally:
            meanwhile.end()
        written = draft.model_dump(mode="json", exclude_defaults=True)
        proposal = Proposal(by=self.name, draft=written)
        return replace(to_plan(draft, state), proposal=proposal)

    def _planner(self, state: State, fence: Fence, corrections: int) -> Any:
        """Return what writes drafts whose plans hold against a state."""
        from pydantic_ai import Agent, ModelRetry, NativeOutput

        from nbagent.conversation.drafts import (
            PlanDraft,
            acts_told,
            fields_told,
            to_plan,
        )

        agent: Any = Agent(
            self._model,
            instructions="\n".join(
                (_PLANNING, fields_told(), _ACTS, acts_told(), fence.rule.strip())
            ),
            # Servers of local models hold the text to a schema; their models are often
            # not taught to call tools.
            output_type=NativeOutput(PlanDraft) if self._is_compatible else PlanDraft,
            model_settings={"max_tokens": _PLAN_TOKENS},
            retries=corrections,
        )

        def check(draft: PlanDraft) -> PlanDraft:
            try:
                to_plan(draft, state)
            except ValueError as error:
                raise ModelRetry(str(error)) from error
            return draft

        agent.output_validator(check)
        return agent

    def _run(
        self, call: Coroutine[Any, Any, T], seconds: float, meanwhile: _Meanwhile
    ) -> T:
        """Run a coroutine to its end; it ends too if the caller is interrupted.

        On a thread of its own, since the kernel's loop cannot be entered while a cell
        runs; always the same one, to which the provider's connections belong.
        """
        from pydantic_ai.exceptions import AgentRunError

        if self._loop is None:
            self._loop = asyncio.new_event_loop()
            threading.Thread(
                target=self._loop.run_forever, name="nbagent-llm", daemon=True
            ).start()
        future = asyncio.run_coroutine_threadsafe(
            asyncio.wait_for(call, seconds or None), self._loop
        )
        try:
            while not future.done():
                meanwhile.tell()
                wait([future], timeout=_SLICE_S)
            made = future.result()
        except (AgentRunError, OSError) as error:  # TimeoutError is one
            raise EngineError(self._failed(error, seconds)) from error
        finally:
            future.cancel()
        meanwhile.tell()
        return made

    def _failed(self, error: Exception, seconds: float) -> str:
        """Say in one line why nothing came, and what to do."""
        from pydantic_ai.exceptions import UnexpectedModelBehavior

        line = " ".join(str(error).split())
        if isinstance(error, UnexpectedModelBehavior) and error.__cause__:
            line = " ".join(str(error.__cause__).split())
            return (
                f"{self.name} gave no usable answer ({line[:200]}): rephrase the"
                " turn, or connect another model with %nbagent connect"
            )
        if isinstance(error, TimeoutError) and not line:
            return (
                f"{self.name} did not answer within {seconds:g} s: give it longer"
                " with %nbagent timeout, or connect another model with %nbagent"
                " connect"
            )
        no_key = getattr(error, "status_code", None) in (401, 403)
        what = (
            f"its key, in {KEY}" if no_key and self._is_compatible else "the connection"
        )
        return (
            f"{self.name} did not answer ({line[:200]}): check {what}, or connect"
            " another model with %nbagent connect"
        )


class _Meanwhile:
    """What is told while a model is waited for."""

    def __init__(self, name: str, on_text: OnText | None) -> None:
        self._name = name
        self._on_text = on_text
        self._began = time.monotonic()
        self._written = ""
        self._told = ""

    def write(self, text: str) -> None:
        """Note the answer so far; it is told by the thread that waits."""
        self._written = text

    def tell(self) -> None:
        """Tell how it stands, if that has changed."""
        line = self._written or self._asking()
        if self._on_text is not None and line != self._told:
            self._told = line
            self._on_text(line)

    def end(self) -> None:
        """Tell that nothing is waited for any more."""
        if self._on_text is not None and self._told:
            self._told = ""
            self._on_text("")

    def _asking(self) -> str:
        seconds = int(time.monotonic() - self._began)
        return f"asking {self._name}{f' ({seconds} s)' if seconds else ''}..."


async def _answer(agent: Any, prompt: str, write: OnText | None) -> Answer:
    if write is None:
        run = await agent.run(prompt, usage_limits=_limits())
        return Answer.of(str(run.output), run.usage)
    text = ""
    async with agent.run_stream(prompt, usage_limits=_limits()) as answer:
        async for text in answer.stream_text():
            write(_cut(text))
            if len(text) > ANSWER_CHARS:
                break  # which hangs up
        return Answer.of(text, answer.usage)


def _cut(text: str) -> str:
    return text if len(text) <= ANSWER_CHARS else text[:ANSWER_CHARS] + _CUT


def _limits() -> Any:
    from pydantic_ai import UsageLimits

    return UsageLimits(request_limit=_REQUESTS)


def _tool(view: View, fence: Fence) -> Any:
    """Make a tool of a view; its mistakes are the model's to read, its PNGs pictures."""
    import functools

    from pydantic_ai import BinaryContent, ModelRetry, Tool

    @functools.wraps(view)
    def call(*args: Any, **kwargs: Any) -> object:
        try:
            seen = view(*args, **kwargs)
        except Exception as error:
            line = str(error)[:MAX_CHARS] or type(error).__name__
            raise ModelRetry(fence.around(line)) from error
        if not isinstance(seen, list):
            return fence.around(str(seen))
        return [BinaryContent(png, media_type="image/png") for png in seen]

    return Tool(call)


def _prompt(words: str, known: str, fence: Fence) -> str:
    return f"{fence.around(known)}\n\nThe turn:\n{words}"
