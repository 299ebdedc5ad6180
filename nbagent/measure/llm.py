"""Language models on labelled turns: what is sent for each, and what a reply comes to.

A model need not be here: `requests` are what would be sent to it, and recorded replies go
the way of a live one, through the same client, checks and schema. What differs: of a variable
that a turn names, its summary stands for its content, and a recorded reply that cannot be
carried out is not asked for again.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from nbagent.acts.plan import Plan
from nbagent.conversation.attachments import Attachment
from nbagent.conversation.llm import LanguageModel
from nbagent.conversation.llm_context import outline
from nbagent.errors import EngineError, MissingExtra, SpecError
from nbagent.language import grammar
from nbagent.language.state import State
from nbagent.settings import LLM_TIMEOUT_S

Turn = Mapping[str, Any]
"""A labelled turn."""

_URL: Final = "http://recorded.invalid/v1"  # a name that leads nowhere, by RFC 6761
_ANY_PLAN: Final = '{"intent": "chat"}'


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a model made of a turn.

    Attributes:
        id: Of the turn.
        plan: None if it made none that can be carried out.
        error: Why not, in one line.
    """

    id: str
    plan: Plan | None = None
    error: str = ""


def requests(turns: Iterable[Turn]) -> Iterator[dict[str, Any]]:
    """Return what is sent for each turn: `id`, `messages`, `schema`, `max_tokens`.

    The messages are in OpenAI's form, and the reply is a text that the schema holds to.

    Raises:
        MissingExtra: If `nbagent[llm]` is not installed.
    """
    recorded = _Recorded()
    for turn in turns:
        recorded.read(turn, _ANY_PLAN)
        sent = recorded.sent
        yield {
            "id": turn["id"],
            "messages": sent["messages"],
            "schema": sent["response_format"]["json_schema"]["schema"],
            "max_tokens": sent["max_completion_tokens"],
        }


def plans_of_replies(
    turns: Iterable[Turn], replies: Iterable[Mapping[str, Any]]
) -> Iterator[Reading]:
    """Return what recorded replies come to, in the order of the turns.

    Args:
        turns: Labelled turns.
        replies: Of each `id` the `reply`, as text or as JSON.

    Raises:
        MissingExtra: If `nbagent[llm]` is not installed.
        SpecError: If a reply has no `id`, or no `reply`.
    """
    try:
        said = {one["id"]: one["reply"] for one in replies}
    except (KeyError, TypeError) as error:
        raise SpecError(
            f'a reply has no {error}: each line is {{"id": ..., "reply": ...}}'
        ) from error
    recorded = _Recorded()
    for turn in turns:
        if turn["id"] in said:
            reply = said[turn["id"]]
            text = reply if isinstance(reply, str) else json.dumps(reply)
            yield recorded.read(turn, text)
        else:
            yield Reading(id=turn["id"], error="there is no reply to it")


def plans_of_model(
    turns: Iterable[Turn], model: LanguageModel, *, timeout_s: float = LLM_TIMEOUT_S
) -> Iterator[Reading]:
    """Return what a model makes of each turn, asked now; of all, not of unclear ones."""
    for turn in turns:
        yield _read(model, turn, timeout_s=timeout_s)


def _read(model: LanguageModel, turn: Turn, **options: Any) -> Reading:
    words, state = turn["turn"], State.from_record(turn)
    named = {one.value[0] for one in grammar.find(words) if one.kind == "mention"}
    attachments = [
        Attachment(name=v.name, type=v.type, text=v.summary, whole_chars=len(v.summary))
        for v in state.variables
        if v.name in named
    ]
    known = outline(state, named, attachments)
    try:
        plan = model.plan(words, known, state, **options)
    except EngineError as error:
        return Reading(id=turn["id"], error=str(error))
    return Reading(id=turn["id"], plan=plan)


class _Recorded:
    """A model behind a server that keeps what it is sent, and says what it is told to."""

    def __init__(self) -> None:
        try:
            import httpx2
            from pydantic_ai.models import create_async_httpx2_client
            from pydantic_ai.models.openai import OpenAIChatModel
            from pydantic_ai.providers.openai import OpenAIProvider
        except ModuleNotFoundError:
            raise MissingExtra(
                "requests and replies are those of pydantic-ai: pip install"
                " 'nbagent[llm]'"
            ) from None
        self.sent: dict[str, Any] = {}
        self._reply = ""
        transport = httpx2.MockTransport(self._answer)
        provider = OpenAIProvider(
            base_url=_URL,
            api_key="none",
            http_client=create_async_httpx2_client(transport=transport),
        )
        model = OpenAIChatModel("recorded", provider=provider)
        self._model = LanguageModel("recorded", _URL, model=model)

    def read(self, turn: Turn, reply: str) -> Reading:
        """Return what a reply to a turn comes to."""
        self._reply = reply
        return _read(self._model, turn, corrections=0)

    def _answer(self, request: Any) -> Any:
        import httpx2

        self.sent = json.loads(request.content)
        message = {"role": "assistant", "content": self._reply}
        choice = {"index": 0, "finish_reason": "stop", "message": message}
        completion = {
            "id": "recorded",
            "object": "chat.completion",
            "created": 0,
            "model": "recorded",
            "choices": [choice],
        }
        return httpx2.Response(200, json=completion)
