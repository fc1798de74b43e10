"""What a result shows of itself in text."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tiny_claims import tiny, with_curve

from rates.assertion import figures
from rates.check import check
from rates.judge import judge
from rates.plan import Options
from rates.result import ClaimRun, Outcome, Run


def test_results_of_a_check_and_of_a_table_know_their_law_and_its_parameters():
    claim = tiny(cases=({"slope": "-1"}, {"slope": "-2"}), controls=())
    found = check(claim, options=Options(controls=False))
    assert [r.law for r in found.results] == [claim.law, claim.law]
    assert [r.parameters["slope"] for r in found.results] == ["-1", "-2"]
    frame = found.claims[0].values_frame("slope=-1")
    judged = judge(frame, "-s", parameters={"s": 1})
    assert (str(judged.law), judged.parameters) == ("y ≍ x^(-s)", {"s": 1})


def test_the_text_of_a_run_does_not_grow_with_what_was_measured():
    run = check(with_curve(), options=Options(controls=False))
    (claim,) = run.claims
    large = replace(run, claims=(replace(claim, values={"": np.zeros((10**6, 4, 1))}),))
    assert repr(large) == repr(run)
    assert len(repr(run)) < 20_000
    assert "consistent" in repr(run)


def test_a_claim_run_is_told_by_its_address():
    assert "ClaimRun(address='chapter/method:name'" in repr(ClaimRun("chapter/method:name", None, Outcome.ERROR, ()))
    assert "claims=()" in repr(Run((), {}, "quick", 0, "cpu"))


def test_one_result_stands_for_a_claim_wherever_it_is_told():
    """A control that was missed has decided, and the slope test proper was not judged: another one is shown."""
    found = check(with_curve(), options=Options(controls=False)).claims[0]
    unjudged = [replace(r, outcome=Outcome.PRE_ASYMPTOTIC) if r.comparison == "experiment-law" else r
                for r in found.results]  # fmt: skip
    claim = replace(found, outcome=Outcome.INCONCLUSIVE, results=tuple(unjudged))
    assert claim.headline is not None
    assert (claim.headline.comparison, claim.headline.quantity) == ("experiment-curve", "slope")
    assert figures(Run((claim,), {}, "quick", 0, "cpu"))["slope"] == claim.headline.estimate
    assert replace(claim, results=()).headline is None


@pytest.mark.parametrize("margin", [float("inf"), float("nan"), -0.1])
def test_a_margin_that_nothing_could_leave_is_refused_where_it_would_be_shown(margin):
    claim = check(tiny(), options=Options(controls=False)).claims[0]
    result = replace(claim.results[0], margin=margin)
    told = r"^the margin of memory:tiny experiment-law slope must be a finite number from 0 on, got"
    for shown in (result.plot, result._repr_html_, replace(claim, results=(result,)).plot):
        with pytest.raises(ValueError, match=told):
            shown()
