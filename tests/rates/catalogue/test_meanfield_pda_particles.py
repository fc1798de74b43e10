"""Oracles for the claims on dual averaging with particles and on the expected risk: companions, biases, populations."""

import numpy as np
import pytest

from dltheory.meanfield import pda_exact
from dltheory.meanfield.pda_inner import InnerLoop
from dltheory.meanfield.pda_theory import limit_constant
from rates.catalogue.meanfield import _pda_particle_claims as claims
from rates.catalogue.meanfield import _pda_particles as problems
from rates.catalogue.meanfield import _pda_population as population
from rates.catalogue.meanfield._pda_problems import averaging, bounded, examples
from rates.estimand import Separation
from rates.slope import Sample, fit, slope_weights
from rates.streams import streams

MADE = streams(5, "claim", "case", range(400))


def gaps_of_laws(times, inner, chosen, half_width=5.5):
    """The gaps of infinitely many particles along examples: laws on a grid, moved by the kernels of Langevin steps."""
    quadrature, outer = bounded("squared", 4), int(times[-1]) - 1
    p, pda = quadrature.problem, averaging(outer, inner=inner)
    t = np.arange(1.0, outer + 1)
    sizes, lengths = inner.step_sizes(t), inner.steps(t).astype(int)
    spacing = (2 * sizes[-1]) ** 0.5 / 1.3
    x = np.arange(-half_width, half_width, spacing)
    h, u, kept = p.values(x[:, np.newaxis]), np.zeros(p.size), []
    law = np.exp(-p.l2 / p.temperature * x**2)
    law /= law.sum()
    for step, (gain, cooling) in enumerate(zip(pda.gains, pda.coolings, strict=True)):
        i = chosen[step]
        slope = law @ h[:, i] - p.labels[i]
        u *= 1 - gain
        u[i] += gain * p.size * slope
        arrival = x - sizes[step] * cooling / p.temperature * p.drift(x[:, np.newaxis], u)[:, 0]
        kernel = np.exp(-((x[:, np.newaxis] - arrival) ** 2) / (4 * sizes[step]))
        law = np.linalg.matrix_power(kernel / kernel.sum(axis=0), lengths[step]) @ law
        if step + 2 in times:
            kept.append(cooling * quadrature.exponent(u))
    return pda_exact.gap(quadrature, np.stack(kept))


def test_particles_and_their_exact_companion_see_the_same_examples():
    t = np.array([3.0, 5.0])
    both = problems.particle_gaps(t, MADE[:2])
    drawn = examples(4, 4, MADE[:2])
    assert both[..., 1] == pytest.approx(pda_exact.gaps(bounded("squared", 4), averaging(4), drawn, t), rel=1e-12)
    assert problems.particle_gaps(t, MADE[1:2]) == pytest.approx(both[1:2], rel=1e-9)


def test_many_particles_follow_the_laws_that_their_inner_loops_reach():
    t = np.array([3.0, 6.0])
    drawn = examples(4, 5, MADE[:1])[0]
    found = problems.particle_gaps(t, MADE[:1], particles=100_000)[0, :, 0]
    assert found == pytest.approx(gaps_of_laws(t, InnerLoop(1.0, 4.0), drawn), rel=0.03)


def test_an_inner_time_of_four_lags_behind_by_less_than_the_claim_allows_for():
    t, made = np.array([5.0, 7, 10, 14, 20]), streams(11, "claim", "case", range(24))
    drawn = examples(4, 19, made)
    exact = pda_exact.gaps(bounded("squared", 4), averaging(19), drawn, t)
    laws = np.stack([gaps_of_laws(t, InnerLoop(1.0, 4.0), chosen) for chosen in drawn])
    found = fit(Sample(t, np.stack([laws, exact], axis=-1)), Separation(), slope_weights(t), np.zeros(5), 0.0)
    margin = claims.PARTICLES.checks[0].margin
    assert abs(found.estimate) < margin.bias + 3.5 * found.standard_error
    assert 3.5 * found.standard_error < margin.tolerance / 2


def test_the_sampling_noise_of_particles_adds_a_hundredth_to_that_of_examples():
    quadrature = bounded("squared", 4)
    spread = np.mean(np.diag(quadrature.covariance(quadrature.optimum)))
    assert spread / 32 / np.mean(quadrature.optimum**2) < 0.011


def test_the_squared_error_of_a_cloud_has_the_variance_that_the_curve_says():
    measured = problems.cloud_error(50, MADE)
    error = measured.std(ddof=1) / len(MADE) ** 0.5
    assert abs(measured.mean() - problems.cloud_variance(np.array([50.0]))[0]) < 4.5 * error


def test_constants_of_training_sets_approach_that_of_their_population():
    found = [limit_constant(population.population(n)) for n in (16, 32, 64)]
    assert found[0] == pytest.approx(found[2], rel=1e-4)
    assert found[1] == pytest.approx(found[2], rel=1e-8)
    best = [population.population(n).best for n in (32, 64)]
    assert best[0] == pytest.approx(best[1], rel=1e-9)


def test_fresh_examples_are_the_limit_of_large_training_sets():
    """With n points and T draws of them, T²/2n of the draws repeat: for n ≫ T² the two versions are one."""
    t, some = np.array([5.0, 30.0]), MADE[:64]
    fresh = population.population_gaps(t, some).mean(axis=0)
    many, few = (population.population_gaps(t, some, training=n).mean(axis=0) for n in (10**6, 3))
    error = population.population_gaps(t, some).std(axis=0, ddof=1) / 8
    assert np.all(np.abs(many - fresh) < 4.5 * 2**0.5 * error)
    assert few[1] > fresh[1] + 4.5 * 2**0.5 * error[1]


def test_trajectories_on_fresh_examples_do_not_depend_on_their_batch_or_on_later_times():
    t = np.array([5.0, 20.0, 60.0])
    for change in ({}, {"training": 8}):
        together = population.population_gaps(t, MADE[:3], **change)
        alone = [population.population_gaps(t, MADE[i : i + 1], **change) for i in range(3)]
        assert np.concatenate(alone) == pytest.approx(together, rel=1e-10)
        assert population.population_gaps(t[:2], MADE[:3], **change) == pytest.approx(together[:, :2], rel=1e-10)
