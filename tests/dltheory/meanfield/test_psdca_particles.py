import numpy as np
import pytest

from dltheory.meanfield.gibbs import Quadrature
from dltheory.meanfield.losses import LogisticLoss, SquaredLoss
from dltheory.meanfield.problem import MeanFieldProblem
from dltheory.meanfield.psdca import DualCoordinateAscent, Refresh, draw_coordinates
from dltheory.meanfield.psdca_exact import path
from dltheory.meanfield.psdca_particles import effective_share, initial_particles, run


def problem(loss=None, size=6, temperature=0.2, l2=0.1):
    rng = np.random.default_rng(3)
    inputs, offsets = 2 * rng.standard_normal((size, 1)), rng.standard_normal(size)
    labels = np.sign(rng.standard_normal(size))
    return MeanFieldProblem(inputs, labels, l2, temperature, loss=loss or SquaredLoss(), offsets=offsets)


def made(given, outer, particles, refresh, times, seed=1):
    generator = np.random.default_rng(seed)
    theta = initial_particles(given, particles, generator)
    drawn = draw_coordinates(given.size, outer, [np.random.default_rng([0, 0])])
    ascent = DualCoordinateAscent(outer, refresh=refresh)
    return run(given, ascent, theta, drawn[0], generator, times), drawn


LOSSES = pytest.mark.parametrize("loss", [SquaredLoss(), LogisticLoss()], ids=["squared", "logistic"])


@LOSSES
def test_importance_weights_alone_follow_the_exact_method(loss):
    given, times = problem(loss), np.array([3, 8, 15])
    done, drawn = made(given, 15, 200_000, Refresh(100, 0.1, 1), times)
    exact = path(Quadrature.of(given), DualCoordinateAscent(15), drawn, times)[0]
    assert done.coefficients == pytest.approx(exact, abs=0.02)
    assert done.neuron_gradients == 0
    assert done.predictions(given) == pytest.approx(Quadrature.of(given).predictions(exact[-1]), abs=0.02)


@LOSSES
def test_weights_and_refreshes_together_follow_the_exact_method(loss):
    given, times = problem(loss), np.array([6, 20, 40])
    done, drawn = made(given, 40, 20_000, Refresh(6, 0.02, 100), times)
    exact = path(Quadrature.of(given), DualCoordinateAscent(40), drawn, times)[0]
    assert done.coefficients == pytest.approx(exact, abs=0.04)
    assert done.neuron_gradients == 6 * 100 * 20_000 * 6


def test_without_weights_the_coefficients_go_astray():
    given, times = problem(), np.array([15])
    right, drawn = made(given, 15, 20_000, Refresh(100, 0.1, 1), times)
    wrong, _ = made(given, 15, 20_000, Refresh(100, 0.1, 1, weighted=False), times)
    exact = path(Quadrature.of(given), DualCoordinateAscent(15), drawn, times)[0]
    assert np.max(np.abs(wrong.coefficients - exact)) > 10 * np.max(np.abs(right.coefficients - exact))


@LOSSES
def test_the_certificate_is_the_duality_gap(loss):
    given, quadrature = problem(loss), Quadrature.of(problem(loss))
    done, _ = made(given, 12, 100_000, Refresh(100, 0.1, 1), np.array([12]))
    assert done.certificate(given) == pytest.approx(float(quadrature.duality_gap(done.g)), rel=0.05)


def test_the_effective_sample_size_is_a_share():
    assert effective_share(np.ones(7)) == pytest.approx(1)
    assert effective_share(np.array([1.0, 0, 0, 0])) == pytest.approx(1 / 4)


def test_a_collapse_of_the_weights_is_told_in_one_sentence():
    given = problem(temperature=0.01, l2=0.002)
    with pytest.warns(UserWarning, match=r"fell to .* of 500 particles: refresh more often than every 400") as caught:
        made(given, 300, 500, Refresh(400, 0.001, 1), np.array([300]))
    assert len(caught) == 1
    assert "\n" not in str(caught[0].message)


def test_the_effective_sample_size_is_that_of_the_weights_at_the_end():
    done, _ = made(problem(), 5, 300, Refresh(100, 0.1, 1), np.array([5]))
    assert done.effective <= effective_share(np.exp(done.log_weights)) * (1 + 1e-12) < 1


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"refresh": None}, "particles need a refresh"),
        ({"theta": np.zeros((4, 3))}, r"expected particles \(M, p\) with p = 1, got shape \(4, 3\)"),
        ({"coordinates": np.array([0])}, "2 steps need as many coordinates"),
        ({"coordinates": np.array([0, 6])}, "use dual averaging"),
    ],
)
def test_what_makes_no_sense_is_refused(change, sentence):
    given = {"refresh": Refresh(2, 0.1, 1), "theta": np.zeros((4, 1)), "coordinates": np.array([0, 1])} | change
    ascent = DualCoordinateAscent(2, refresh=given["refresh"])
    with pytest.raises(ValueError, match=sentence):
        run(problem(), ascent, given["theta"], given["coordinates"], np.random.default_rng(0), np.array([2]))
    with pytest.raises(ValueError, match="at least one particle, got 0"):
        initial_particles(problem(), 0, np.random.default_rng(0))
