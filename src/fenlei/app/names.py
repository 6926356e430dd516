"""Under which names this server is reached."""

from __future__ import annotations

import socket
from contextlib import suppress
from urllib.parse import urlsplit

EVERYWHERE = frozenset({"0.0.0.0", "::", ""})  # noqa: S104 (compared, not bound)
HERE = frozenset({"127.0.0.1", "localhost", "[::1]"})


def base_url(host: str, port: int) -> str:
    """An address of this server as a person on this machine would type it."""
    return f"http://{_written(own_address(host))}:{port}"


def own_address(host: str) -> str:
    """Where this machine itself reaches a server that listens on `host`."""
    if host not in EVERYWHERE:
        return host
    return "::1" if host == "::" else "127.0.0.1"


def names_of(host: str, public_url: str | None, further: str) -> frozenset[str]:
    """Names by which the management API may be addressed, as they stand in a `Host` header.

    A page of another site that points its own name at this machine is none of them: that is what they are for.

    Args:
        host: what the server listens on.
        public_url: under which people reach it, where that is something else.
        further: more names, with commas between them.
    """
    names = set(HERE)
    if host in EVERYWHERE:
        with suppress(OSError):
            name, aliases, addresses = socket.gethostbyname_ex(socket.gethostname())
            names.update([socket.gethostname(), name, *aliases, *addresses])
    else:
        names.add(_written(host))
    if public_url is not None and (public := urlsplit(public_url).hostname):
        names.add(_written(public))
    names.update(name.strip() for name in further.split(",") if name.strip())
    return frozenset(name.lower() for name in names)


def _written(host: str) -> str:
    return f"[{host}]" if ":" in host and not host.startswith("[") else host
