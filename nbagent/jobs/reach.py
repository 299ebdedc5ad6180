"""Whether the host that a runtime file names is the one that answers at its address."""

# ruff: noqa: TID253  imported by `link`, never at load

# mypy: allow-untyped-calls

from __future__ import annotations

import socket

from distributed.security import Security

from nbagent.jobs.runtime import Host

_ANSWER_S = 2.0


def security_of(host: Host) -> Security:
    """Return what a client of the host shows and asks for."""
    return Security(
        require_encryption=True,
        tls_ca_file=host.ca,
        tls_client_cert=host.cert,
        tls_client_key=host.key,
    )


def answers(host: Host) -> bool:
    """Return False if nobody is at the host's address, or somebody else is.

    Each host has a certificate of its own, so what answers with it is that host. One
    that is silent may be busy: for that the caller waits as long as it likes. Dask
    itself would try a refused address again and again until its time is up.
    """
    place, _, port = host.address.rpartition("://")[2].rpartition(":")
    try:
        context = security_of(host).get_connection_args("client")["ssl_context"]
        with (
            socket.create_connection((place, int(port)), _ANSWER_S) as plain,
            context.wrap_socket(plain),
        ):
            return True
    except TimeoutError:
        return True
    except (OSError, ValueError):  # refused, of another certificate, or no address
        return False
