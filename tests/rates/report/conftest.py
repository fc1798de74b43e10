"""The fixture run, its document and a written folder, made once a session: nothing here changes them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import report_fixture

from rates.report import to_json, write
from rates.result import Run


@pytest.fixture(scope="session")
def run() -> Run:
    return report_fixture.run()


@pytest.fixture(scope="session")
def document(run: Run) -> dict[str, Any]:
    return to_json(run)


@pytest.fixture(scope="session")
def folder(run: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("report")
    write(run, root)
    return root
