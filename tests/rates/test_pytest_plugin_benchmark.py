"""What pytest-benchmark keeps of a slope test: outcome and figures beside the time, pass or fail."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from tiny_claims import tiny, with_curve

import rates.judge  # noqa: F401 (pytest's test bed forgets what is imported in it, numpy would not survive that)
from rates.assertion import NotConsistent, figures, recording
from rates.check import check
from rates.experiment import Curve

pytest_plugins = ("pytester",)

SUITE = """
X = (10, 20, 40, 80)

def solve():
    return [[v**-0.5 * (1 + 0.01 * ((r * 7 + i * 3) % 5)) for i, v in enumerate(X)] for r in range(20)]

def test_right(benchmark, assert_consistent):
    assert_consistent((X, benchmark(solve)), law="-1/2")

def test_wrong(assert_consistent, benchmark):
    assert_consistent((X, benchmark(solve)), law="-1", direction="upper")

def test_without_a_time(assert_consistent):
    assert_consistent((X, solve()), law="-1/2")
"""


def test_the_figures_stand_beside_the_time(pytester, monkeypatch):
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)  # these tests' own, for which no time would be taken
    pytester.makepyfile(SUITE)
    words = ["-p", "no:cacheprovider", "-p", "no:xdist", "--benchmark-max-time=0", "--benchmark-json=out.json"]
    pytester.runpytest_inprocess(*words).assert_outcomes(passed=2, failed=1)
    kept = json.loads((pytester.path / "out.json").read_text(encoding="utf-8"))["benchmarks"]
    right, wrong = (bench["extra_info"] for bench in kept)
    assert [bench["name"] for bench in kept] == ["test_right", "test_wrong"]
    assert kept[0]["stats"]["min"] > 0
    assert (right["outcome"], right["predicted"], right["margin"]) == ("consistent", -0.5, 0.1)
    assert right["interval"][0] < right["slope"] < right["interval"][1]
    assert (wrong["outcome"], wrong["predicted"], wrong["slope"]) == ("refuted", -1.0, right["slope"])


def test_pytest_benchmark_need_not_be_there(pytester):
    pytester.makepyfile(SUITE)
    result = pytester.runpytest_inprocess("-p", "no:cacheprovider", "-p", "no:benchmark", "-p", "no:xdist")
    result.assert_outcomes(passed=1, errors=2)


def test_somebody_elses_fixture_of_that_name_is_left_alone(pytester):
    own = "import pytest\n\n@pytest.fixture\ndef benchmark():\n    return lambda function: function()\n"
    pytester.makepyfile(own + SUITE)
    result = pytester.runpytest_inprocess("-p", "no:cacheprovider", "-p", "no:benchmark", "-p", "no:xdist")
    result.assert_outcomes(passed=2, failed=1)


def test_a_claim_is_told_by_its_worst_result_and_else_by_its_slope_test():
    kept: dict[str, object] = {}
    run = recording(kept)(with_curve())
    shown = run.claims[0].results[-1]
    assert (shown.comparison, shown.quantity) == ("experiment-law", "slope")
    assert json.loads(json.dumps(kept)) == kept
    assert kept == {
        "outcome": "consistent", "claim": "memory:tiny", "case": "", "comparison": "experiment-law",
        "slope": shown.estimate, "predicted": -1.0, "interval": list(shown.interval), "margin": 0.1,
        "seconds": round(run.seconds, 3),
    }  # fmt: skip
    off = check(with_curve(curve=Curve(lambda x: 2 / x), controls=()), store=None)
    assert [str(result.outcome) for result in off.results] == ["consistent", "refuted", "consistent", "consistent"]
    assert off.claims[0].headline is off.results[1]
    told = figures(off)
    assert (told["comparison"], told["level"]) == ("experiment-curve", off.results[1].estimate)


def test_what_failed_is_recorded_too_and_infinity_is_none():
    kept: dict[str, object] = {"mine": 1}
    with pytest.raises(NotConsistent) as error:
        recording(kept)(tiny(cases=({"bad": "raises"},), controls=()))
    assert kept == {"mine": 1, **figures(error.value.found)}
    assert (kept["outcome"], kept["slope"], kept["interval"]) == ("error", None, None)
    endless = replace(error.value.found.results[0], interval=(float("-inf"), 0.5), estimate=float("nan"))
    assert (figures(endless)["interval"], figures(endless)["slope"]) == ([None, 0.5], None)
