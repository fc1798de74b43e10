"""The device of a run reaches every experiment that is written in torch, and gives the same numbers there.

`cpu:0` is the CPU as torch sees it: the path of a GPU, on a machine that has none.
"""

import inspect

import numpy as np
import pytest

from rates.catalogue import find
from rates.check import check
from rates.experiment import plain_number
from rates.plan import Options
from rates.store import Store
from rates.streams import streams

torch = pytest.importorskip("torch")
overrides = pytest.importorskip("torch.overrides")

TORCH_CPU = "cpu:0"
CATALOGUE = {located.address: located.claim for located in find()}
ON_TORCH = {
    "ntk/averaged_sgd:minimax-rate", "ntk/averaged_sgd:minimax-rate-sphere", "ntk/averaged_sgd:saturation",
    "ntk/averaged_sgd:no-ridge", "ntk/averaged_sgd:output-layer-rate", "ntk/averaged_sgd:parity-floor",
    "ntk/network:network-rate", "ntk/network:network-rate-sphere", "ntk/network:width-gap",
    "besov/approximation:network-rate", "besov/approximation:trained-risk",
    "gamma_smooth/approximation:network-rate", "gamma_smooth/dilated:trained-risk",
}  # fmt: skip
# torch on the CPU, too
ONLY_TORCH = [
    CATALOGUE[address] for address in ("besov/approximation:trained-risk", "gamma_smooth/dilated:trained-risk")
]
TOLERANCE = 1e-10  # on whole windows differences stay below 1e-12


class Used(overrides.TorchFunctionMode):
    """Counts the arrays that went to torch, and remembers the devices of what was computed."""

    def __init__(self):
        super().__init__()
        self.arrays, self.devices = 0, set()

    def __torch_function__(self, function, types, arguments=(), options=None):
        self.arrays += function is torch.tensor
        answer = function(*arguments, **(options or {}))
        if isinstance(answer, torch.Tensor):
            self.devices.add(str(answer.device))
        return answer


def takes_device(claim) -> bool:
    return claim.experiment is not None and "device" in inspect.signature(claim.experiment.measure).parameters


def variants():
    """Yield every case of every claim on torch, and every control that changes what is measured."""
    for address in sorted(ON_TORCH):
        claim = CATALOGUE[address]
        for case in claim.cases:
            yield pytest.param(claim, case, {}, id=f"{address} {case}")
        for control in claim.controls:
            if control.comparison != "curve-law" and control.expect != "invalid":
                yield pytest.param(claim, control.case or claim.cases[0], control.set, id=f"{address} {control.name}")


def measured(claim, case, changed, device, replicates=2):
    """Return one call of the experiment, at its smallest x or all along a trajectory, with what it used of torch."""
    x = None if claim.experiment.axis == "time" else plain_number(claim.experiment.x[0])
    given = claim.parameters(case) | dict(changed) | {"device": device}
    with Used() as used:
        values = claim.experiment.run(x, streams(3, "device", claim.name, range(replicates)), given)
    return values, used


def test_every_experiment_on_torch_takes_a_device():
    assert {address for address, claim in CATALOGUE.items() if takes_device(claim)} == ON_TORCH


@pytest.mark.parametrize(("claim", "case", "changed"), tuple(variants()))
def test_claims_and_controls_measure_the_same_on_torch(claim, case, changed):
    native, without = measured(claim, case, changed, "cpu")
    on_torch, used = measured(claim, case, changed, TORCH_CPU)
    np.testing.assert_allclose(on_torch, native, rtol=TOLERANCE, atol=0)
    assert without.arrays == 0 or any(claim is known for known in ONLY_TORCH)
    assert used.arrays > 0


@pytest.mark.parametrize(
    "address", ["ntk/averaged_sgd:parity-floor", "ntk/averaged_sgd:minimax-rate-sphere", "ntk/network:width-gap"]
)
def test_a_device_without_numbers_gives_none(address):
    """On `meta` the loops run to their end and nothing can be copied back: no part of them was on the CPU."""
    claim = CATALOGUE[address]
    with pytest.raises(NotImplementedError, match="Cannot copy out of meta tensor"):
        measured(claim, claim.cases[0], {}, "meta")


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """Return the runs of one claim on the CPU and on torch's CPU, and the store of both."""
    store = tmp_path_factory.mktemp("store") / "measurements.sqlite"
    runs = [
        check("ntk/averaged_sgd:parity-floor", options=Options(device=device, controls=False), engine_name="serial",
              jobs=1, store=store)
        for device in ("cpu", TORCH_CPU)
    ]  # fmt: skip
    return runs, store


def test_a_whole_check_comes_to_the_same_verdict_on_torch(kept):
    (native, on_torch), _ = kept
    assert on_torch.exit_code == native.exit_code == 0
    for found, expected in zip(on_torch.results, native.results, strict=True):
        assert (found.outcome, found.replicates) == (expected.outcome, expected.replicates)
        assert found.estimate == pytest.approx(expected.estimate, abs=1e-10)
    for label, values in native.claims[0].values.items():
        np.testing.assert_allclose(on_torch.claims[0].values[label], values, rtol=TOLERANCE, atol=0)


def test_numbers_are_kept_under_their_device_and_dtype(kept):
    _, path = kept
    with Store.open(path) as store:
        query = "SELECT kind, device, dtype, count(DISTINCT fingerprint) FROM cell GROUP BY 1, 2, 3"
        rows = store.connection.execute(query)
        found = set(rows.fetchall())
    # curves know no device and are the same for both: one fingerprint
    assert found == {
        ("curve", "cpu", "float64", 1), ("measure", "cpu", "float64", 1), ("measure", TORCH_CPU, "float64", 1),
    }  # fmt: skip


def test_a_result_names_the_device_that_it_was_measured_on(kept):
    (_, on_torch), _ = kept
    assert {(r.comparison != "curve-law", r.device) for r in on_torch.results} == {(True, TORCH_CPU), (False, "cpu")}
    assert on_torch.device == TORCH_CPU
    assert all(f"--device {TORCH_CPU}" in r.reproduce for r in on_torch.results)


@pytest.mark.parametrize("address", ["ntk/multiple_kernels:both-layers-help", "ntk/spectrum:counting"])
def test_what_knows_no_device_runs_on_the_cpu_and_says_so(address):
    run = check(address, options=Options(device=TORCH_CPU), engine_name="serial", jobs=1, store=None)
    assert {r.device for r in run.results} == {"cpu"}
    assert run.exit_code == 0
