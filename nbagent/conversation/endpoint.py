"""Where a language model is reached: one on this machine directly, past any proxy.

`HTTP_PROXY` and `ALL_PROXY` are meant for what lies outside. A proxy that is handed a
request for this machine reads the conversation, and can answer it with nothing.
"""

from __future__ import annotations

import inspect
import ipaddress
import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from nbagent.errors import MissingExtra, SpecError

if TYPE_CHECKING:
    from pydantic_ai.models import Model

_HOSTS: Final = Path("/etc/hosts")
KEY: Final = "NBAGENT_LLM_KEY"
"""The variable that holds the key of a server which is given by its address."""


def connected(name: str, base_url: str | None, *, has_key: bool = True) -> Model:
    """Return the model of that name, ready to be asked; nothing is sent yet.

    Args:
        name: Provider and model, like `openai:gpt-5`; or any name with a `base_url`.
        base_url: Of a server that speaks OpenAI's protocol.
        has_key: Whether that server may be sent a key of the environment.

    Raises:
        MissingExtra: If a package is not installed that this needs.
        SpecError: If there is no such model, or its key is not set.
    """
    try:
        from pydantic_ai.exceptions import UserError
        from pydantic_ai.models import infer_model
    except ModuleNotFoundError:
        raise MissingExtra(
            "a language model needs pydantic-ai: pip install 'nbagent[llm]'"
        ) from None
    try:
        if base_url is None:
            return infer_model(name, provider_factory=_provider)
        return _compatible(name, base_url, has_key=has_key)
    except ImportError as error:
        line = " ".join(str(error).split())
        if "socksio" in line:
            line = "the environment sets a SOCKS proxy: pip install socksio"
        raise MissingExtra(f"{name!r} cannot be connected: {line[:200]}") from error
    except (UserError, ValueError) as error:
        line = " ".join(str(error).split())
        raise SpecError(
            f"{name!r} cannot be connected ({line[:200]}): write provider:model, like"
            " openai:gpt-5 or ollama:llama3, and set the provider's key"
        ) from error


def is_local(url: str) -> bool:
    """Return whether an address is this machine's own.

    >>> is_local("http://localhost:8000/v1"), is_local("http://[::1]:8000/v1")
    (True, True)
    >>> is_local("https://api.openai.com/v1"), is_local("http://127.0.0.1.example.com")
    (False, False)
    """
    host = (urlsplit(url).hostname or "").rstrip(".")
    if host == "localhost" or host.endswith(".localhost"):  # RFC 6761
        return True
    if host and host == socket.gethostname().lower():
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        try:  # the short forms that the system's own resolver reads: 127.1
            address = ipaddress.IPv4Address(socket.inet_aton(host))
        except OSError:
            return _is_named_here(host)
    address = getattr(address, "ipv4_mapped", None) or address
    # The unspecified address, which a server listens on, leads to this machine too.
    return address.is_loopback or address.is_unspecified


def _is_named_here(host: str) -> bool:
    """Return whether this machine's own list of names leads a name to itself.

    Nobody else is asked: a name server would hear where the conversation goes.
    """
    try:
        lines = _HOSTS.read_text("utf-8", "replace").lower().splitlines()
    except OSError:  # none where it is not /etc/hosts
        return False
    rows = (line.partition("#")[0].split() for line in lines)
    found = [row[0] for row in rows if host in row[1:]]
    try:
        return any(ipaddress.ip_address(one).is_loopback for one in found)
    except ValueError:
        return False


def _provider(name: str) -> Any:
    """Make a provider as pydantic-ai does, past the proxies if it is on this machine."""
    from pydantic_ai.providers import infer_provider, infer_provider_class

    if name.startswith("gateway/"):
        return infer_provider(name)
    kind: Any = infer_provider_class(name)
    if "http_client" not in inspect.signature(kind.__init__).parameters:
        return infer_provider(name)
    try:
        direct = kind(http_client=_direct())
    except TypeError:  # of another HTTP library; none of those is served locally
        return infer_provider(name)
    return direct if is_local(direct.base_url) else infer_provider(name)


def _compatible(name: str, base_url: str, *, has_key: bool) -> Model:
    from pydantic_ai.models.openai import OpenAIChatModel
    from pydantic_ai.providers.openai import OpenAIProvider

    key = (os.environ.get(KEY) or _openai_key(base_url)) if has_key else None
    client = _direct() if is_local(base_url) else None
    # A local server wants no key, but its client refuses to start without one.
    provider = OpenAIProvider(
        base_url=base_url, api_key=key or "none", http_client=client
    )
    return OpenAIChatModel(name, provider=provider)


def _openai_key(base_url: str) -> str | None:
    """Return OpenAI's key for OpenAI alone, or for the server that stands in for it.

    Any user of a shared host can answer at a port of it.
    """
    own = ("https://api.openai.com", os.environ.get("OPENAI_BASE_URL"))
    meant = {urlsplit(url).netloc for url in own if url}
    is_meant = urlsplit(base_url).netloc in meant
    return os.environ.get("OPENAI_API_KEY") if is_meant else None


def _direct() -> Any:
    """Return a client that reads no proxy from the environment, but certificates."""
    import httpx2
    from pydantic_ai.models import create_async_httpx2_client

    return create_async_httpx2_client(transport=httpx2.AsyncHTTPTransport())
