"""Every claim that is written in torch, whole, on the native path and on torch's CPU: same verdicts, same numbers.

Torch takes three to nine times as long as the compiled loops; prints the table that two devices are compared with.
"""

import numpy as np
import pytest

from rates.check import check
from rates.plan import Options
from rates.report import from_json, to_json
from rates.speedup import speedup_markdown

pytest.importorskip("torch")
pytestmark = pytest.mark.workflow

CHAPTERS = ["ntk/averaged_sgd", "ntk/network"]


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    store = tmp_path_factory.mktemp("store") / "measurements.sqlite"
    return [check(CHAPTERS, options=Options(device=device), jobs=2, store=store) for device in ("cpu", "cpu:0")]


def test_verdicts_and_estimates_are_the_same(runs):
    native, on_torch = runs
    print("\n" + speedup_markdown(*(from_json(to_json(run)) for run in runs)))
    assert [claim.outcome for claim in on_torch.claims] == [claim.outcome for claim in native.claims]
    for found, expected in zip(on_torch.results, native.results, strict=True):
        assert (found.outcome, found.replicates) == (expected.outcome, expected.replicates)
        if expected.estimate is not None:
            assert found.estimate == pytest.approx(expected.estimate, abs=1e-9)
        for control, twin in zip(found.controls, expected.controls, strict=True):
            assert (control.outcome, control.replicates) == (twin.outcome, twin.replicates)


def test_every_measured_value_agrees_to_ten_digits(runs):
    native, on_torch = runs
    for found, expected in zip(on_torch.claims, native.claims, strict=True):
        assert found.values.keys() == expected.values.keys()
        for label, values in expected.values.items():
            np.testing.assert_allclose(found.values[label], values, rtol=1e-10, atol=0, err_msg=found.address)
