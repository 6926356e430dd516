"""What a page is made of before it has a shape: escaped names, sentences in two languages, honest percentages.

Everything here returns markup that can be put into a page as it is. Text that a user can choose (labels, file names,
reasons) reaches a page through `text`, `named` or `hint` only.
"""

from __future__ import annotations

import html
import re

NOT_TEXT = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
"""Control characters break HTML; lone surrogates (file names that are not UTF-8) cannot be written as UTF-8."""

AIMS_ZH = {"accuracy": "正确率", "balanced accuracy": "平衡正确率", "macro-F1": "宏平均 F1"}

FIRST_STRONG_ISOLATE, POP_ISOLATE = "\u2068", "\u2069"


def text(value: str) -> str:
    """`value` as markup that shows it, fit for an attribute too. What cannot be shown becomes U+FFFD."""
    return html.escape(NOT_TEXT.sub("\N{REPLACEMENT CHARACTER}", value), quote=True)


def named(value: str) -> str:
    """A user's name inside our sentence: escaped, and isolated so that Arabic or Hebrew does not reorder the rest."""
    return f"<bdi>{text(value)}</bdi>"


def hint(value: str) -> str:
    """A user's name inside an attribute, isolated by characters because no markup can stand there."""
    return f"{FIRST_STRONG_ISOLATE}{text(value)}{POP_ISOLATE}"


def both(en: str, zh: str) -> str:
    """The same sentence in both languages; the page shows one. The arguments are markup already."""
    return f'<span class="en" lang="en">{en}</span><span class="zh" lang="zh">{zh}</span>'


def count(number: int, one: str, many: str) -> str:
    """`1 picture`, `1,204 pictures`."""
    return f"{number:,}\N{NO-BREAK SPACE}{one if number == 1 else many}"


def percent(share: float) -> str:
    """A share of 0 to 1 in percent, without the sign: whole numbers, but never 0 or 100 for what is not exactly so."""
    whole = round(share * 100)
    if 0 < share < 1 and whole in {0, 100}:
        return f"{min(max(share * 100, 0.1), 99.9):.1f}"
    return str(whole)


def percents(low: float, high: float) -> str:
    """An interval of shares in percent, without the sign: `90\N{EN DASH}97`."""
    return f"{percent(low)}\N{EN DASH}{percent(high)}"


def section(anchor: str, en: str, zh: str, body: str) -> str:
    """A section of the page with its heading."""
    heading = f'<h2 id="{anchor}-h">{both(en, zh)}</h2>'
    return f'<section id="{anchor}" aria-labelledby="{anchor}-h">{heading}\n{body}</section>\n'


def fold(summary: str, body: str) -> str:
    """Markup that opens when it is asked for."""
    return f"<details><summary>{summary}</summary>\n{body}</details>\n"
