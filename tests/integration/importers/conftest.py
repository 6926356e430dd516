"""The suite of importers explains its asserts, though it is no test file itself."""

from __future__ import annotations

import pytest

pytest.register_assert_rewrite("tests.integration.importers.importer_suite")
