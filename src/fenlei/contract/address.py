"""Where a prediction is asked for and how the key travels: the parts of a URL and the headers that both sides share."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import parse_qsl, quote

from fenlei.contract.errors import FenleiError
from fenlei.contract.limits import NAME_PATTERN

METHOD = "POST"
PATH_PREFIX = "/api/image/"
KEY_PARAMETER = "neu_app_key"
KEY_HEADER = "X-App-Key"
REQUEST_ID_HEADER = "X-Request-Id"

_valid_name = re.compile(NAME_PATTERN, re.ASCII).fullmatch


class BadName(FenleiError):
    """A deployment cannot be called this."""


def is_name(name: str) -> bool:
    """Whether a deployment may be called `name`: 1 to 64 of `a-z 0-9 - _`."""
    return _valid_name(name) is not None


def check_name(name: str) -> str:
    """Return `name` when a deployment may be called so.

    Raises:
        BadName: it may not; the text says what is allowed.
    """
    if not is_name(name):
        raise BadName(f'A deployment cannot be called "{name}"; use 1 to 64 of the characters a-z, 0-9, - and _.')
    return name


def prediction_path(name: str) -> str:
    """Return the path of a deployment's URL."""
    return PATH_PREFIX + check_name(name)


def prediction_url(base: str, name: str, key: str | None = None) -> str:
    """Return the complete URL of a deployment; with a key, a call needs nothing but this URL.

    Args:
        base: scheme, host and port, such as `http://127.0.0.1:8000`.
        name: the deployment.
        key: the key to put into the URL; None for an open deployment.
    """
    url = base.rstrip("/") + prediction_path(name)
    return url if key is None else f"{url}?{KEY_PARAMETER}={quote(key, safe='')}"


def name_in_path(path: str) -> str | None:
    """Return what stands where a deployment's name belongs, valid or not; None when the path is none of ours."""
    if not path.startswith(PATH_PREFIX):
        return None
    name = path[len(PATH_PREFIX) :]
    return name if name and "/" not in name else None


def sent_key(query: str, headers: Mapping[str, str]) -> str | None:
    """Return the key a request carries, looked for in the query, then `X-App-Key`, then `Authorization: Bearer`.

    Args:
        query: the query string, without `?`.
        headers: names in lower case.
    """
    if KEY_PARAMETER in query:
        for name, value in parse_qsl(query):
            if name == KEY_PARAMETER:
                return value
    if key := headers.get(KEY_HEADER.lower(), "").strip():
        return key
    scheme, _, token = headers.get("authorization", "").strip().partition(" ")
    return (token.strip() or None) if scheme.lower() == "bearer" else None
