"""Oracles for the complexity claims on dual coordinate ascent with linear neurons: steps to a gap, and their cost."""

import numpy as np

from dltheory.meanfield.psdca import DualCoordinateAscent, particles_for
from rates.catalogue.meanfield import _psdca_linear as linear


def test_steps_to_a_gap_lie_between_the_neighbouring_steps():
    model = linear.linear(8)
    found = float(linear.steps_to(np.array([1e3, 1e4, 1e5]), p=8)[1])
    best = model.optimum
    moments = model.moments(DualCoordinateAscent(1))
    around = moments.duality_gap(moments.moments(np.outer(best, best), np.array([int(found), int(found) + 1])))
    assert around[0] >= 1e-4 >= around[1]
    assert found <= linear.steps_bound(np.array([1e4]), p=8)[0]
    assert np.isinf(linear.steps_to(np.array([1e2, 1e3, 1e9]), p=8, longest=300)[2])


def test_the_law_of_a_refresh_is_within_its_divergence_after_the_steps_that_are_counted():
    model, accuracy = linear.linear(8), 1e-3
    refresh, p = linear._refresh(model, accuracy), 8
    steps = linear._langevin_steps(refresh, model, accuracy / 2)
    scale = model.problem.temperature / (2 * model.problem.l2)
    offset, kept = 2 * scale, 1 - refresh.step_size / scale  # ‖mean‖²/(2s) = 1
    ratio = 1 / (1 - refresh.step_size / scale / 2)
    divergences = [
        offset * kept ** (2 * k) / (2 * scale) + p / 2 * (ratio - 1 - np.log(ratio)) for k in (steps - 1, steps)
    ]
    assert divergences[0] > accuracy / 2 >= divergences[1]
    assert steps < refresh.steps


def test_the_cost_is_that_of_updates_and_refreshes_and_below_the_guarantees():
    model, inverse = linear.linear(8), np.array([1e3])
    moments, particles = model.moments(DualCoordinateAscent(1)), particles_for(model.problem, 1e-3)
    found = linear.total_cost(inverse, p=8)[0]
    steps = linear._langevin_steps(linear._refresh(model, 1e-3), model, 5e-4)
    updates = linear._updates_to(1e-3, moments, model.optimum, particles)
    second = moments.moments(np.outer(model.optimum, model.optimum), np.array([updates - 1, updates]), particles)
    around = moments.suboptimality(second)
    assert around[0] > 1e-3 >= around[1]
    assert found == updates * particles + np.ceil(updates / 16) * steps * particles * 16
    assert found < linear.total_cost_bound(inverse, p=8)[0]


def test_too_few_particles_never_reach_a_gap_below_their_plateau():
    model = linear.linear(8)
    assert np.isinf(linear._updates_to(1e-4, model.moments(DualCoordinateAscent(1)), model.optimum, 100))
    assert np.isinf(linear.total_cost(np.array([1e4]), p=8, cloud=0.5)[0])
    assert np.isfinite(linear.total_cost(np.array([1e4]), p=8)[0])
