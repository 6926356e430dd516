"""Settings: few, frozen, from the environment."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from pydantic import ValidationError

from fenlei.settings import BadSetting, Settings


def test_the_environment_sets_the_workspace_and_with_it_the_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FENLEI_WORKSPACE", "/somewhere/else")
    assert Settings().workspace == Path("/somewhere/else")
    assert Settings().cache == Path("/somewhere/else/cache")


def test_without_an_environment_everything_lies_in_the_home_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FENLEI_WORKSPACE", raising=False)
    assert Settings().workspace == Path.home() / ".fenlei"


def test_settings_are_frozen_and_few() -> None:
    with pytest.raises(ValidationError):
        Settings().queue = 3
    assert len(Settings.model_fields) <= 25


@pytest.mark.parametrize(
    ("name", "value"), [("THREADS", "0"), ("QUEUE", "-1"), ("LOG_FORMAT", "xml"), ("DRAIN", "inf")]
)
def test_nonsense_in_the_environment_is_refused(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"FENLEI_{name}", value)
    with pytest.raises(BadSetting, match=f"FENLEI_{name} is '{value}'"):
        Settings.at(None)


def test_an_empty_variable_counts_as_absent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FENLEI_WORKSPACE", "")
    monkeypatch.setenv("FENLEI_THREADS", "")
    assert Settings.at(None).workspace == Path.home() / ".fenlei"
    assert Settings.at(None).threads is None


def test_a_tilde_is_the_home_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FENLEI_WORKSPACE", "~/fenlei")
    assert Settings.at(None).workspace == Path.home() / "fenlei"


def test_a_user_without_a_home_folder_is_told_what_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FENLEI_WORKSPACE", raising=False)
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)
    with pytest.raises(BadSetting, match="FENLEI_WORKSPACE"):
        Settings.at(None)
