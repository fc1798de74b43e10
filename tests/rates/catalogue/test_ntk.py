"""Oracles for what the claims of the chapter compute: constants, curves, truncation, streams."""

import numpy as np
import pytest

from dltheory.ntk.expected_risk import ModelSpectrum, expected_risk
from dltheory.ntk.kernels import NeuralTangentKernel
from dltheory.ntk.regression import risk_constants
from rates.catalogue.ntk import _problems, averaged_sgd, multiple_kernels, network, spectral_bias, spectrum
from rates.expression import plain
from rates.streams import streams


@pytest.mark.parametrize("claim", [averaged_sgd.MINIMAX, averaged_sgd.MINIMAX_SPHERE], ids=lambda c: c.name)
def test_the_constant_of_the_law_is_that_of_the_mathematics(claim):
    for case in claim.cases:
        p = {name: float(plain(value)) for name, value in case.items()}
        kernel = NeuralTangentKernel(int(p["d"]))
        exact = risk_constants(kernel, r=p["r"], scale=p["scale"], step_size=p["eta"], noise_variance=p["noise"])
        assert claim.law.level(claim.formula_parameters(case)) == pytest.approx(exact.total, rel=1e-12)


@pytest.mark.parametrize("claim", [spectrum.DECAY, spectrum.DECAY_OUTPUT, spectrum.COUNTING, spectrum.DIMENSION,
                                   spectral_bias.HALF_TIME], ids=lambda c: c.name)  # fmt: skip
def test_curves_meet_their_law_far_out(claim):
    for case in claim.cases:
        x = np.array([claim.checks[0].x[-1]])
        total = sum(claim.curve.run(x, claim.parameters(case)).values())
        assert total == pytest.approx(claim.law.shape(x, claim.formula_parameters(case)), rel=2e-3)


def test_the_curve_is_the_stepped_recursion():
    case = {"r": 0.75, "scale": 0.4, "noise": 0.5, "eta": 0.1}
    parts = _problems.risk_curve(np.array([1000.0]), **case)
    sgd = _problems.schedule(1000, r=0.75, d=2, scale=0.4, eta=0.1)
    problem = _problems.regression(2, 0.75, 0.5, _problems.truncation(2, sgd))
    model = ModelSpectrum(problem.eigenvalues, problem.multiplicity, problem.energy, 0.5)
    risk = expected_risk(model, sgd)
    assert parts["bias"][0] == pytest.approx(risk.bias + problem.tail_energy, rel=1e-10)
    assert parts["variance"][0] == pytest.approx(risk.variance, rel=1e-10)


def test_truncation_hides_less_than_the_curve_states():
    x = np.array([256.0, 16384.0])
    for case in averaged_sgd.CIRCLE:
        p = averaged_sgd.MINIMAX.parameters(case)
        short, whole = (sum(_problems.risk_curve(x, **p, whole=whole).values()) for whole in (False, True))
        assert short == pytest.approx(whole, rel=2e-3)


def test_inputs_are_nested_in_the_number_of_samples():
    problem = _problems.regression(2, 0.75, 0.5, 64)
    made = streams(0, "claim", "case", range(3))
    short, long = (_problems.samples(problem, made, n) for n in (50, 200))
    assert np.array_equal(short[0], long[0][:, :50])
    assert np.array_equal(short[1], long[1][:, :50])


def test_replicates_do_not_depend_on_their_batch():
    made = streams(5, "claim", "case", range(4))
    case = {"r": 0.75, "scale": 0.4, "noise": 0.5, "eta": 0.1}
    together = _problems.circle_risk(300, made, **case)
    alone = np.concatenate([_problems.circle_risk(300, made[i : i + 1], **case) for i in range(4)])
    assert np.array_equal(together, alone)


def test_the_control_variate_of_the_network_has_the_mean_that_is_claimed():
    case = network.RATE.parameters(averaged_sgd.CIRCLE[1])
    made = streams(11, "claim", "case", range(400))
    problem_risk = _problems.circle_risk(256, made, **{k: v for k, v in case.items() if k != "d"})
    mean = network.circle_mean(np.array([256.0]), **{k: v for k, v in case.items() if k != "d"})[0]
    error = problem_risk.std(ddof=1) / len(problem_risk) ** 0.5
    assert abs(problem_risk.mean() - mean) < 4 * error


@pytest.mark.parametrize("device", ["cpu"])
def test_torch_and_compiled_paths_give_the_same_risk(device):
    pytest.importorskip("torch")
    from dltheory.ntk import circle_sgd

    sgd = _problems.schedule(200, r=0.75, d=2, scale=0.4, eta=0.1)
    problem = _problems.regression(2, 0.75, 0.5, _problems.truncation(2, sgd))
    points, labels = _problems.samples(problem, streams(0, "claim", "case", range(3)), 200)
    angles = np.arctan2(points[..., 1], points[..., 0])
    native = circle_sgd.squared_error(problem, circle_sgd.run(problem, sgd, angles, labels))
    coefficients = circle_sgd.run(problem, sgd, angles, labels, device=device, backend="torch")
    torch = circle_sgd.squared_error(problem, coefficients)
    assert native == pytest.approx(torch, rel=1e-10)


def test_the_better_layer_bounds_both_together():
    k = np.array([2.0, 8.0, 64.0])
    for d in (2, 3, 10):
        for r in (0.3, 0.5, 1.0, 2.0):
            both, best = (f(k, d=d, r=r) for f in (multiple_kernels.source_norm, multiple_kernels.better_layer))
            assert np.all(both <= best * (1 + 1e-12))
