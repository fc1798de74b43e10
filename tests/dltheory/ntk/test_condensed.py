"""A condensed spectrum gives the risk of the listed one, and reaches where listing cannot."""

from dataclasses import replace

import numpy as np
import pytest

from dltheory.ntk.condensed import condense
from dltheory.ntk.expected_risk import ModelSpectrum
from dltheory.ntk.expected_risk_spectral import expected_risk_spectral
from dltheory.ntk.kernels import NeuralTangentKernel
from dltheory.ntk.regression import SphereRegression
from dltheory.ntk.schedule import AveragedSGD

REACH = 100_000


def problem(dim: int, r: float, max_degree: int, layers: str = "both", degrees: str = "all") -> SphereRegression:
    kernel = NeuralTangentKernel(dim, bias_scale=0.7, layers=layers)
    return SphereRegression.on_boundary(kernel, r=r, max_degree=max_degree, noise_variance=0.1, degrees=degrees)


@pytest.mark.parametrize(("dim", "layers", "degrees"), [(2, "both", "all"), (3, "both", "all"), (2, "output", "even")])
@pytest.mark.parametrize("ridge", [0.0, 1e-7])
@pytest.mark.parametrize("averaging", ["uniform", "last"])
def test_risk_agrees_with_every_degree_listed(dim, layers, degrees, ridge, averaging):
    full = problem(dim, 0.75, REACH, layers, degrees)
    listed = ModelSpectrum(full.eigenvalues, full.multiplicity, full.energy, full.noise_variance)
    short = problem(dim, 0.75, 2000, layers, degrees)
    condensed, tail = condense(short, r=0.75, reach=REACH)
    sgd = AveragedSGD(0.4, ridge, 10**9, averaging)
    exact, found = expected_risk_spectral(listed, sgd), expected_risk_spectral(condensed, sgd)
    assert len(condensed.energy) < 3000
    assert found.variance == pytest.approx(exact.variance, rel=1e-6)
    assert found.bias + tail == pytest.approx(exact.bias + full.tail_energy, rel=1e-6)


def test_energy_is_conserved():
    short = problem(2, 0.5, 500)
    model, tail = condense(short, r=0.5, reach=1e9)
    assert model.energy.sum() + tail == pytest.approx(0.25, rel=1e-6)


def test_a_listed_problem_is_left_alone():
    short = problem(2, 0.75, 300)
    model, tail = condense(short, r=0.75, reach=300)
    assert np.array_equal(model.energy, short.energy)
    assert tail == short.tail_energy


def test_energy_put_into_one_degree_stays_there():
    short = problem(2, 0.75, 300)
    energy = short.energy.copy()
    energy[3] += 0.05
    model, tail = condense(replace(short, energy=energy), r=0.75, reach=1e6)
    assert model.energy.sum() + tail == pytest.approx(0.3, rel=1e-6)
