"""What a result shows of itself in text."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from tiny_claims import tiny, with_curve

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
