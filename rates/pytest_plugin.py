"""Slope tests in anybody's test suite: the marker `rates` and the fixture `assert_consistent`.

Pytest imports this in every session, so that it loads nothing else.
"""

from __future__ import annotations

from typing import Any

import pytest


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker, by which these tests can be chosen: `pytest -m rates`."""
    config.addinivalue_line("markers", "rates: a statistical test of a convergence rate, as `rates check` runs it")


@pytest.fixture
def assert_consistent() -> Any:
    """Return `rates.assert_consistent`: fails with estimate, interval and reason unless a rate agrees with its law."""
    import rates

    return rates.assert_consistent
