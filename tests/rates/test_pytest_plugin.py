import numpy as np
import pandas as pd
import pytest
from tiny_claims import flat, tiny

import rates
from rates import Control, Law

X = (10.0, 20.0, 40.0, 80.0)


def measured(slope=-0.5, replicates=32):
    noise = np.random.default_rng(0).standard_normal((replicates, 4))
    return np.asarray(X) ** slope * np.exp(0.1 * noise)


@pytest.mark.rates
def test_a_slope_test_is_one_line(assert_consistent):
    assert_consistent("ntk/spectrum:counting")


def test_a_claim_in_memory_leaves_nothing_behind(assert_consistent, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run = assert_consistent(tiny())
    assert run.claims[0].address == "memory:tiny"
    assert list(tmp_path.iterdir()) == []


def test_arrays_and_tables(assert_consistent):
    y = measured()
    result = assert_consistent((X, y), law="-1/2", margin=0.1)
    frame = pd.DataFrame({"x": np.tile(X, 32), "replicate": np.repeat(range(32), 4), "y": y.ravel()})
    assert assert_consistent(frame, law="-s", parameters={"s": "1/2"}).estimate == result.estimate
    assert_consistent((X, y), law="-1/2", curve=np.asarray(X) ** -0.5, quantity="level")
    frame["theory"] = frame["x"] ** -0.5
    assert_consistent(frame, law="-1/2", curve="theory", quantity="level")
    assert_consistent((X, measured(-0.9)), law=Law.power("n", "-1/2", direction="upper"))


def test_a_failure_says_what_was_found():
    with pytest.raises(AssertionError) as error:
        rates.assert_consistent((X, measured(-0.9)), law="-1/2")
    text = str(error.value)
    assert text.startswith("refuted: judge y ≍ 1/sqrt(x) experiment-law slope: predicted -0.5000, estimate -0.8")
    for part in ("interval [-0.92", "margin 0.1", "y falls too fast"):
        assert part in text


def test_a_claim_that_fails_says_how_to_repeat_it():
    with pytest.raises(AssertionError) as error:
        rates.assert_consistent(tiny(law=Law.power("x", "-2"), controls=()), seed=4)
    first, second, third = str(error.value).splitlines()
    assert first == "memory:tiny is refuted"
    assert second.startswith("  refuted: memory:tiny experiment-law slope: predicted -2.0000, estimate -")
    assert third == "  Options(profile='quick', seed=4) on the claim 'tiny'"


def test_a_control_that_is_not_caught_fails_the_test():
    claim = tiny(controls=(flat(), Control("the same", {"slope": -1.0}, "experiment-law", "slope")))
    with pytest.raises(AssertionError, match="control 'the same' was to be refuted and is consistent: cannot be told"):
        rates.assert_consistent(claim)
    rates.assert_consistent(claim, controls=False)


def test_inconclusive_is_a_failure():
    with pytest.raises(AssertionError, match=r"inconclusive: .*replicates would decide"):
        rates.assert_consistent((X, measured(replicates=3)), law="-1/2", margin=0.02)


@pytest.mark.parametrize(
    ("subject", "options", "says"),
    [
        ((X, measured()), {}, "measured numbers need a law"),
        ("ntk/spectrum", {"law": "-1"}, "a claim brings its own law"),
        (3, {"law": "-1"}, "expected a claim, a table, or a pair"),
        ((X, measured()[0]), {"law": "-1"}, "y must have shape"),
        (pd.DataFrame({"x": [1]}), {"law": "-1", "curve": [1]}, "the name of one of its columns"),
    ],
)
def test_arguments_that_make_no_sense(subject, options, says):
    with pytest.raises((TypeError, ValueError), match=says):
        rates.assert_consistent(subject, **options)
