"""Whom a client asks, and how patiently: what was given, examined once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypedDict
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import httpx

from fenlei.contract import CONTENT_TYPE, KEY_HEADER, KEY_PARAMETER, FenleiError, Language


class BadTarget(FenleiError):
    """What a client was given to work with cannot be: the URL, the key, or a number."""


@dataclass(frozen=True)
class Target:
    """Whom to ask, and how patiently.

    Attributes:
        url: as it is sent; may hold the key.
        shown: the same without its query, fit for a sentence or a log.
        headers: of every request.
        timeout: seconds for one prediction, all attempts and pauses together.
        retries: further attempts after the first.
        language: of details; None leaves it to the server.
    """

    url: str
    shown: str
    headers: Mapping[str, str]
    timeout: float
    retries: int
    language: Language | None

    @classmethod
    def at(cls, url: str, key: str | None, timeout: float, retries: int, language: Language | None) -> Target:
        """Return the target for a complete prediction URL; a key given beside it replaces one inside it.

        Raises:
            BadTarget: the URL has no http scheme or no host, or a number cannot be.
        """
        url = url.strip()  # what was read from a file or a program ends in a line break
        try:
            parts = urlsplit(url)
            httpx.URL(url)
        except (ValueError, httpx.InvalidURL) as error:
            raise BadTarget(
                f"The URL of the prediction server cannot be read ({error}); give a complete one."
            ) from error
        shown = urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise BadTarget(
                f'"{shown}" is no URL of a prediction server; give the complete one, '
                "such as http://127.0.0.1:8000/api/image/my-model."
            )
        if key is not None and not (key.isascii() and key.isprintable() and key.strip()):
            raise BadTarget("The key is empty or holds characters that no app key has; give it as it was handed out.")
        if not timeout > 0 or retries < 0:  # not a number is not more than 0 either
            raise BadTarget(f"{retries} retries within {timeout} s cannot be; give 0 or more, and more than 0 s.")
        headers = {"Content-Type": CONTENT_TYPE, "Accept": "application/json", "User-Agent": "fenlei-client"}
        if key is not None:
            headers[KEY_HEADER] = key.strip()
            rest = [pair for pair in parse_qsl(parts.query, keep_blank_values=True) if pair[0] != KEY_PARAMETER]
            url = urlunsplit(parts._replace(query=urlencode(rest)))
        if language is not None:
            headers["Accept-Language"] = language
        return cls(url, shown, headers, timeout, retries, language)

    @property
    def is_local(self) -> bool:
        """Whether the server runs on this machine, where a proxy of the network has no business."""
        return urlsplit(self.url).hostname in {"localhost", "127.0.0.1", "::1"}

    @property
    def transport(self) -> Transport:
        """How httpx is to be opened for this server."""
        return Transport(
            # No bound of its own on connections: whoever calls decides how many predictions run side by side.
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=64),
            trust_env=not self.is_local,
            # Certificates are loaded where there is one to check; redirects to elsewhere are not followed.
            verify=urlsplit(self.url).scheme == "https",
        )


class Transport(TypedDict):
    """What both kinds of httpx client are opened with."""

    limits: httpx.Limits
    trust_env: bool
    verify: bool


def check_concurrency(concurrency: int) -> None:
    """Let a number of pictures to ask for side by side pass when it can be one.

    Raises:
        BadTarget: it is less than 1.
    """
    if concurrency < 1:
        raise BadTarget(f"A concurrency of {concurrency} cannot be; give 1 or more.")
