"""Which language models there are: on this machine, and behind keys in the environment.

Only this machine is asked, past any proxy, and only which models it has; no key is sent
anywhere. What is found is connected by `Brains.connect`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from typing import Any, Final

_HOST: Final = "127.0.0.1"
_TIMEOUT_S: Final = 1.0  # a server on this machine answers in milliseconds
_MOST_BYTES: Final = 2_000_000
_LISTED: Final = 8  # models of one server; more is a list that nobody reads


@dataclass(frozen=True, slots=True, kw_only=True)
class Port:
    """Where a kind of server usually listens, and how it says what it has.

    Attributes:
        server: Its name.
        number: Of the port.
        path: What lists its models.
        models: Reads their names from that list.
    """

    server: str
    number: int
    path: str = "/v1/models"
    models: Callable[[Any], list[str]] = lambda told: [m["id"] for m in told["data"]]


PORTS: Final = (
    Port(
        server="Ollama",
        number=11434,
        path="/api/tags",
        models=lambda told: [m["name"] for m in told["models"]],
    ),
    Port(server="LM Studio", number=1234),
    Port(server="llama.cpp", number=8080),
    Port(server="vLLM", number=8000),
)

KEYS: Final[Mapping[str, str]] = {
    "OPENAI_API_KEY": "openai",
    "ANTHROPIC_API_KEY": "anthropic",
    "GOOGLE_API_KEY": "google",
    "GEMINI_API_KEY": "google",
    "MISTRAL_API_KEY": "mistral",
    "GROQ_API_KEY": "groq",
    "OPENROUTER_API_KEY": "openrouter",
    "DEEPSEEK_API_KEY": "deepseek",
    "XAI_API_KEY": "xai",
    "CEREBRAS_API_KEY": "cerebras",
    "CO_API_KEY": "cohere",
    "TOGETHER_API_KEY": "together",
    "FIREWORKS_API_KEY": "fireworks",
    "MOONSHOTAI_API_KEY": "moonshotai",
    "ZAI_API_KEY": "zai",
    "ALIBABA_API_KEY": "alibaba",
    "DASHSCOPE_API_KEY": "alibaba",
    "SAMBANOVA_API_KEY": "sambanova",
    "NEBIUS_API_KEY": "nebius",
    "OVHCLOUD_API_KEY": "ovhcloud",
}
"""Where pydantic-ai's providers look for their keys, and what their models begin with.

Not the tokens that a notebook has for other things: HF_TOKEN fetches weights,
GITHUB_API_KEY code.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A server on this machine that answers.

    Attributes:
        name: What listens there usually.
        url: What a model is connected with.
        models: What it can write with; embedding models are none.
        wants_key: Whether it says nothing without a key.
    """

    name: str
    url: str
    models: tuple[str, ...] = ()
    wants_key: bool = False

    def __str__(self) -> str:
        """Say what it has."""
        if self.wants_key:
            return (
                f"{self.name} at {self.url} needs a key: set NBAGENT_LLM_KEY, then"
                f" run %nbagent connect MODEL {self.url}"
            )
        names = ", ".join(self.models[:_LISTED]) or "no model yet"
        more = len(self.models) - _LISTED
        return f"{self.name} at {self.url} has {names}" + (
            f" and {more} more" if more > 0 else ""
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What there is to be connected.

    Attributes:
        servers: On this machine, in the order of the ports.
        keys: Of each provider whose key is set, the variable that holds it.
    """

    servers: tuple[Server, ...]
    keys: Mapping[str, str]

    @property
    def first(self) -> tuple[str, str] | None:
        """The model that is connected if none is named, and its server's address."""
        return next(((s.models[0], s.url) for s in self.servers if s.models), None)

    def told(self, ports: Sequence[Port] = PORTS) -> str:
        """Say what there is and what to write to choose; one line if there is nothing."""
        lines = [*map(str, self.servers), *self._hosted()]
        if not lines:
            looked = ", ".join(f"{port.server} ({port.number})" for port in ports)
            return (
                f"no language model found: neither {looked} answers on this"
                " machine, and the environment has no provider's key; start one of"
                " them, or run %nbagent connect PROVIDER:MODEL or %nbagent connect"
                " MODEL URL"
            )
        if self.first is None:
            lines.insert(0, "nothing connected: no language model is ready here")
        else:
            lines.append("to choose a different one: %nbagent connect MODEL URL")
        return "\n".join(lines)

    def _hosted(self) -> Iterator[str]:
        """Tell of the keys; no model of a provider is chosen for its user to pay."""
        for provider, key in self.keys.items():
            such = ", ".join(_known(provider))
            models = f" (such as {such})" if such else ""
            yield f"{key} is set: run %nbagent connect {provider}:MODEL{models}"


def found(ports: Sequence[Port] = PORTS, env: Mapping[str, str] | None = None) -> Found:
    """Look for language models, at all ports at once.

    Args:
        ports: Where to look on this machine.
        env: The environment; None is this process's.
    """
    env = os.environ if env is None else env
    with ThreadPoolExecutor(len(ports)) as pool:
        servers = tuple(filter(None, pool.map(_server, ports)))
    held: dict[str, str] = {}
    for key, provider in KEYS.items():
        if env.get(key):
            held.setdefault(provider, key)  # some have two names for it
    return Found(servers=servers, keys=held)


def _server(port: Port) -> Server | None:
    """Ask one port what it has; None if nobody answers there who speaks this protocol."""
    url = f"http://{_HOST}:{port.number}/v1"
    connection = HTTPConnection(_HOST, port.number, timeout=_TIMEOUT_S)
    try:
        connection.request("GET", port.path, headers={"Accept": "application/json"})
        answer = connection.getresponse()
        told = json.loads(answer.read(_MOST_BYTES))
        if answer.status == HTTPStatus.UNAUTHORIZED and "error" in told:
            return Server(name=port.server, url=url, wants_key=True)
        names = port.models(told)
    except (OSError, HTTPException, ValueError, LookupError, TypeError):
        return None  # nothing, or another program that has the port
    finally:
        connection.close()
    writers = (
        n for n in map(str, names) if n.isprintable() and "embed" not in n.lower()
    )
    return Server(name=port.server, url=url, models=tuple(writers))


def _known(provider: str) -> tuple[str, ...]:
    """Return models of a provider that the installed pydantic-ai knows; a few."""
    try:
        from pydantic_ai.models import known_model_names
    except ImportError:
        return ()
    names = [n for n in known_model_names() if n.startswith(f"{provider}:")]
    return tuple(names[-3:])
