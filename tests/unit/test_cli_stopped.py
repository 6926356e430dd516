"""Ctrl-C is Ctrl-C, whatever it meets on its way."""

from __future__ import annotations

import pytest

from fenlei import cli


def test_ctrl_c_while_a_compiled_module_loads_is_no_bug(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def app() -> None:
        raise ImportError("initialization failed") from KeyboardInterrupt()

    monkeypatch.setattr(cli, "app", app)
    with pytest.raises(SystemExit) as left:
        cli.main()
    assert left.value.code == 130
    assert capsys.readouterr().err == "Stopped. Nothing was half-written.\n"


def test_other_failed_imports_are_told_as_what_they_are() -> None:
    assert not cli.was_stopped(ImportError("initialization failed"))
