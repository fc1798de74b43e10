"""Rates in pytest: the marker `rates`, the fixture `assert_consistent`, and claims as tests with `--rates-profile`.

Pytest imports this in every session, so that it loads nothing else until something of it is used.
"""

from __future__ import annotations

from typing import Any

import pytest


class RatesWarning(pytest.PytestWarning):
    """A claim is inconclusive, and `--rates-inconclusive=warn` lets that pass."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options that make tests of claims; without `--rates-profile` or `--rates` there are none."""
    add = parser.getgroup("rates", "theorems as tests").addoption
    add("--rates-profile", metavar="NAME", help="Check claims as tests, one a claim and case: quick, ci or full.")
    add(
        "--rates", dest="rates_targets", metavar="TARGET", action="append",
        help="Check this claim, method, chapter or file only; may be repeated. Without a profile: quick.",
    )  # fmt: skip
    add("--rates-seed", metavar="N|fresh", help="Root seed of all random streams (default: 0).")
    add("--rates-device", metavar="NAME", help="cpu, cuda or cuda:N (default: cpu).")
    add(
        "--rates-inconclusive", choices=("fail", "warn"), default="fail",
        help="What an inconclusive claim does to its test (default: %(default)s).",
    )  # fmt: skip
    add(
        "--rates-out", metavar="DIR", default="reports/pytest",
        help="Folder of the reports of what is not consistent, relative to rootdir (default: %(default)s).",
    )  # fmt: skip
    claims = "Claims, methods, chapters or files that --rates-profile checks (default: the whole catalogue)."
    parser.addini("rates_claims", help=claims, type="args", default=[])


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker, by which these tests can be chosen: `pytest -m rates`; and the claims, if asked for."""
    config.addinivalue_line("markers", "rates: a statistical test of a convergence rate, as `rates check` runs it")
    if not config.getoption("rates_out").strip():
        raise pytest.UsageError("--rates-out is empty: give a folder, or leave the option out")
    if config.getoption("rates_profile") is None and not config.getoption("rates_targets"):
        alone = [name for name in ("rates_seed", "rates_device") if config.getoption(name) is not None]
        if alone:
            option = f"--{alone[0].replace('_', '-')}"
            raise pytest.UsageError(f"{option} needs --rates-profile or --rates: without them no claim is checked")
        return
    from rates.pytest_items import ClaimTests, Selection

    config.pluginmanager.register(ClaimTests(Selection.of(config)), "rates-claims")


@pytest.fixture
def assert_consistent(request: pytest.FixtureRequest) -> Any:
    """Return `rates.assert_consistent`: fails with estimate, interval and reason unless a rate agrees with its law.

    In a test that also uses the fixture `benchmark`, the figures go into its `extra_info`, beside the time.
    """
    import rates

    if "benchmark" not in request.fixturenames:
        return rates.assert_consistent
    from rates.assertion import recording

    info = getattr(request.getfixturevalue("benchmark"), "extra_info", None)
    return rates.assert_consistent if info is None else recording(info)
