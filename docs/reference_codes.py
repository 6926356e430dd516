"""The table of codes, from the contract and from the client's errors."""

from __future__ import annotations

from fenlei.client.errors import PredictionError, error_for
from fenlei.contract import Code

HEAD = """# Codes

*Written by `python -m docs.generate` from the sources; do not edit.*

Every answer carries one of these as `code`. Look at it, not at the HTTP status: the codes of the source document
travel with HTTP 200 unless the deployment was started with `--status rest`. `message` is always in Chinese, to the
letter of the source document; `detail` says in one sentence what was wrong and what is allowed, in Chinese or English
as `Accept-Language` asks.
What to do about each: [guide](../guide.en.md#when-something-goes-wrong), [指南](../guide.zh.md#出了问题怎么办).

| code | message | said by | HTTP | HTTP with `--status rest` | `fenlei.client` raises | in the source document |
|---|---|---|---|---|---|---|
"""


def codes_page() -> str:
    """The page as Markdown."""
    return HEAD + "".join(_row(code) for code in Code)


def _row(code: Code) -> str:
    voice = "gateway" if code.from_gateway else "model service"
    raised = "" if code is Code.SUCCESS else f"`{_raised(code)}`"
    documented = "yes" if code.documented else "no, ours"
    return (
        f"| {code.number} | {code.message} | {voice} | {code.http_status} | {code.rest_status} "
        f"| {raised} | {documented} |\n"
    )


def _raised(code: Code) -> str:
    kind: type[PredictionError] = type(error_for(code.number, ""))
    return kind.__name__
