"""Code samples that call a deployment: one template file for each language."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from importlib import resources

PLACE = "{{url}}"


@dataclass(frozen=True)
class Sample:
    """A program that sends one picture to a deployment and prints the answer.

    Attributes:
        language: `curl`, `python`, `java`, `javascript`, `go` or `php`.
        title: as people write it.
        file: what to call it.
        text: of the program, complete.
    """

    language: str
    title: str
    file: str
    text: str


def _quoted(url: str) -> str:
    return json.dumps(url, ensure_ascii=False)


def _php(url: str) -> str:
    return "'" + url.replace("\\", "\\\\").replace("'", "\\'") + "'"


# Language, title, file, and how a URL is written as a text of that language.
_LANGUAGES: list[tuple[str, str, str, Callable[[str], str]]] = [
    ("curl", "curl", "curl.sh", shlex.quote),
    ("python", "Python", "predict.py", _quoted),
    ("java", "Java", "Predict.java", _quoted),
    ("javascript", "JavaScript", "predict.mjs", _quoted),
    ("go", "Go", "predict.go", _quoted),
    ("php", "PHP", "predict.php", _php),
]


def samples(url: str) -> list[Sample]:
    """The samples for one URL, which stands in them as it is.

    Args:
        url: complete with its key, for samples that run as they are.
    """
    here = resources.files(__name__)
    found = []
    for language, title, file, written in _LANGUAGES:
        template = here.joinpath(f"{file}.template").read_text("utf-8")
        found.append(Sample(language, title, file, template.replace(PLACE, written(url))))
    return found
