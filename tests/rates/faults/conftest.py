"""Fixtures of the tests of faults."""

from pathlib import Path

import pytest
from fault_claims import Place


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A folder in which claims are checked by processes that can be disturbed."""
    return Place(tmp_path)


@pytest.fixture(scope="session")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A folder in which the same claims were checked without disturbance: s.db, run.json, calls."""
    undisturbed = Place(tmp_path_factory.mktemp("clean"))
    assert undisturbed.once("s.db", "run.json") == ""
    return undisturbed
