"""Which platform one is signed in to, and as whom."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from fenlei.contract.errors import FenleiError

if TYPE_CHECKING:
    from fenlei.client.management import Platform
    from fenlei.settings import Settings

HERE = "http://127.0.0.1:8000"
"""Where `fenlei up` listens when nothing else is said."""

N = TypeVar("N")


class NotThere(FenleiError):
    """Nothing has this name or id, or there is nobody to ask."""


def connect(server: str | None, token: str | None) -> Platform:
    """Connect to a platform: what was said, else the environment, else the last `fenlei login`."""
    from fenlei.client.management import Platform
    from fenlei.settings import Settings

    settings = Settings.at(None)
    kept = _kept(settings)
    server = server or settings.server or kept.get("server") or HERE
    said = token or (settings.token.get_secret_value() if settings.token is not None else None)
    said = said or kept.get("tokens", {}).get(server.rstrip("/"))
    if said is None:
        raise NotThere(
            f"Nobody is signed in at {server}. Run `fenlei login` with the link that `fenlei up` prints, or give a "
            "token with --token or FENLEI_TOKEN."
        )
    return Platform(server, said)


def remember(settings: Settings, server: str, token: str) -> Path:
    """Keep a token for later commands, in a file that only this user reads."""
    kept = _kept(settings)
    tokens = {**kept.get("tokens", {}), server.rstrip("/"): token}
    return _write(settings, {"server": server.rstrip("/"), "tokens": tokens})


def forget(settings: Settings, server: str) -> bool:
    """Remove the token of a server; whether there was one."""
    kept = _kept(settings)
    tokens = dict(kept.get("tokens", {}))
    known = tokens.pop(server.rstrip("/"), None) is not None
    last = kept.get("server")
    _write(settings, {"server": None if last == server.rstrip("/") else last, "tokens": tokens})
    return known


def named(things: Iterable[N], wanted: str, noun: str) -> N:
    """The thing with this name or id.

    Raises:
        NotThere: there is none; the sentence says which there are.
    """
    seen: list[str] = []
    for thing in things:
        if wanted in (getattr(thing, "id", None), getattr(thing, "name", None)):
            return thing
        seen.append(str(getattr(thing, "name", "")))
    known = f" There {'is' if len(seen) == 1 else 'are'}: {', '.join(seen[:10])}." if seen else " There is none yet."
    raise NotThere(f"There is no {noun} {wanted!r}.{known}")


def _file(settings: Settings) -> Path:
    return settings.workspace / "login.json"


def _kept(settings: Settings) -> dict[str, Any]:
    try:
        found = json.loads(_file(settings).read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _write(settings: Settings, kept: dict[str, Any]) -> Path:
    target = _file(settings)
    target.parent.mkdir(parents=True, exist_ok=True)
    beside = target.with_name(f".{target.name}.{os.getpid()}")
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(kept, file)
    beside.replace(target)
    return target
