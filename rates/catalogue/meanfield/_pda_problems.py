"""What the claims on dual averaging share: two problems, schedules of inner loops by name, gaps and their constants.

The algorithms are imported where they run, so that listing the catalogue stays instant.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from rates.streams import Stream

if TYPE_CHECKING:
    from dltheory.meanfield.gaussian import LinearGaussian
    from dltheory.meanfield.gibbs import Quadrature
    from dltheory.meanfield.pda import Gradients, Memory, ParticleDualAveraging
    from dltheory.meanfield.pda_inner import InnerLoop

Array = npt.NDArray[np.float64]
Schedule = Literal["exact", "theory", "short", "single", "constant", "linear", "inverse", "frozen"]
_TEMPERATURE = 0.1
_DIVERGENCE = 2.0  # KL₀ (t+1)² of a warm start; the accuracy that follows from it is what inner-accuracy measures
_SHORT = 30  # steps of an inner loop that is too short


@lru_cache(maxsize=8)
def bounded(loss: str = "squared", size: int = 16) -> Quadrature:
    """Return tanh neurons of one weight on `size` points, λ₁ = λ₂ = 1/10, on the nodes of a checked quadrature."""
    from dltheory.meanfield.gibbs import Quadrature
    from dltheory.meanfield.losses import LogisticLoss, Loss, SquaredLoss
    from dltheory.meanfield.problem import MeanFieldProblem

    i = np.arange(size)
    inputs = 2 * np.cos(np.pi * (i + 0.5) / size)[:, np.newaxis]
    labels = np.sign(np.sin(5 * i + 1.0))
    losses: dict[str, Loss] = {"squared": SquaredLoss(), "logistic": LogisticLoss()}
    problem = MeanFieldProblem(inputs, labels, 0.1, _TEMPERATURE, loss=losses[loss], offsets=np.sin(3.0 * i))
    return Quadrature.of(problem)


@lru_cache(maxsize=8)
def linear(p: int, size: int = 8) -> LinearGaussian:
    """Return linear neurons of p weights on `size` points, λ₁ = 1/2 so that ‖x‖²/(2λ₁) is about one."""
    from dltheory.meanfield.gaussian import LinearGaussian
    from dltheory.meanfield.neurons import Linear
    from dltheory.meanfield.problem import MeanFieldProblem

    i, j = np.arange(size)[:, np.newaxis], np.arange(1, p + 1)
    inputs = np.sin(i * j + 0.3 * j) * np.sqrt(2 / p)
    labels = np.sign(np.sin(5 * np.arange(size) + 1.0))
    return LinearGaussian(MeanFieldProblem(inputs, labels, 0.5, _TEMPERATURE, neuron=Linear()))


def inner_loop(model: LinearGaussian, schedule: Schedule, warm: bool = True, accuracy: float = 2.0) -> InnerLoop | None:
    """Return the inner loop of that name: the theory's, or one with its first step size and another growth."""
    from dltheory.meanfield.pda_inner import InnerLoop

    if schedule == "exact":
        return None
    problem = model.problem
    curvature = 2 * problem.l2 / problem.temperature  # of ∇ḡ at the optimum; a third of it at t = 1
    theory = InnerLoop.from_theory(
        lsi=curvature / 3, lipschitz=curvature, dimension=problem.dimension, divergence=_DIVERGENCE, warm=warm,
        accuracy_power=accuracy,
    )  # fmt: skip
    eta, length = theory.step_size, theory.length
    others = {
        "short": InnerLoop(eta, _SHORT, 2.0, 0.0),
        "single": InnerLoop(eta, 1, 2.0, 0.0),
        "constant": InnerLoop(1 / (2 * curvature), 2, 0.0, 0.0),
        "linear": InnerLoop(eta, length, 2.0, 1.0),
        "inverse": InnerLoop(eta, length, 1.0, 1.0),
    }
    return others.get(schedule, theory)


def averaging(
    outer: int, *, gradients: Gradients = "stochastic", weights: float = 1.0, memory: Memory = "weighted",
    heat: float = 1.0, stale: bool = False, inner: Any = None,
) -> ParticleDualAveraging:  # fmt: skip
    """Return dual averaging with the knobs that the controls turn."""
    from dltheory.meanfield.pda import ParticleDualAveraging

    return ParticleDualAveraging(outer, inner, gradients, weights, memory, heat, stale)


def examples(size: int, outer: int, streams: Sequence[Stream]) -> npt.NDArray[np.int64]:
    """Return uniformly drawn training points (R, T), the first T of every replicate's stream."""
    from dltheory.meanfield.pda import draw_examples

    return draw_examples(size, outer, [stream.numpy("examples") for stream in streams])


def bounded_gaps(
    t: Array, streams: Sequence[Stream], *, loss: str = "squared", gradients: Gradients = "stochastic",
    weights: float = 1.0, memory: Memory = "weighted", heat: float = 1.0, stale: bool = False, average: bool = False,
) -> Array:  # fmt: skip
    """Run dual averaging with exact inner loops; return L(q_t) − L(q*) at t, or the average over the output, (R, K)."""
    from dltheory.meanfield import pda_exact

    quadrature, outer = bounded(loss), int(t[-1]) - (0 if average else 1)
    pda = averaging(outer, gradients=gradients, weights=weights, memory=memory, heat=heat, stale=stale)
    drawn = None if gradients == "full" else examples(quadrature.problem.size, outer, streams)
    # with full gradients nothing is random but the initial law
    start = None if drawn is not None else np.stack(
        [stream.numpy("start").uniform(-1, 1, quadrature.problem.size) for stream in streams]
    )  # fmt: skip
    measure = pda_exact.averaged_gaps if average else pda_exact.gaps
    return measure(quadrature, pda, drawn, t, start)


def full_batch_gaps(
    t: Array, *, loss: str = "squared", gradients: Gradients = "full", weights: float = 1.0,
    memory: Memory = "weighted", heat: float = 1.0, stale: bool = False, average: bool = False,
) -> Array:  # fmt: skip
    """Return what `bounded_gaps` does for the full-batch variant, (K,); `gradients` is for a control."""
    from dltheory.meanfield import pda_exact

    quadrature, outer = bounded(loss), int(t[-1]) - (0 if average else 1)
    pda = averaging(outer, gradients=gradients, weights=weights, memory=memory, heat=heat, stale=stale)
    drawn = None if gradients == "full" else examples(quadrature.problem.size, outer, (Stream(0, "one", loss, 0),))
    measure = pda_exact.averaged_gaps if average else pda_exact.gaps
    return np.asarray(measure(quadrature, pda, drawn, t)[0])


def leading_gap(t: Array, *, loss: str = "squared", weights: float = 1.0) -> Array:
    """Return C∞/t, the leading term in closed form."""
    from dltheory.meanfield.pda_theory import limit_constant

    return np.asarray(limit_constant(bounded(loss), weights) / t)


def leading_average(horizon: Array, *, loss: str = "squared", weights: float = 1.0) -> Array:
    """Return 2C∞/T."""
    return 2 * leading_gap(horizon, loss=loss, weights=weights)


def full_batch_leading(t: Array, *, loss: str = "squared") -> Array:
    """Return C/t², the leading term of the full-batch variant in closed form."""
    from dltheory.meanfield.pda_theory import full_batch_constant

    return np.asarray(full_batch_constant(bounded(loss)) / t**2)


def bound(horizon: Array, *, loss: str = "squared") -> Array:
    """Return the explicit bound of the expected gap of the random output."""
    from dltheory.meanfield.pda_theory import explicit_bound

    return explicit_bound(bounded(loss), horizon)


def linear_gaps(
    t: Array, streams: Sequence[Stream], *, p: int, schedule: Schedule = "theory", weights: float = 1.0,
    memory: Memory = "weighted", heat: float = 1.0, stale: bool = False, average: bool = False,
    accuracy: float = 2.0,
) -> Array:  # fmt: skip
    """Run dual averaging on linear neurons, the law of the inner loop in closed form; return the gap at t (R, K)."""
    from dltheory.meanfield.gaussian import averaged

    model, outer = linear(p), int(t[-1]) - (0 if average else 1)
    inner = inner_loop(model, schedule, accuracy=accuracy)
    pda = averaging(outer, weights=weights, memory=memory, heat=heat, stale=stale, inner=inner)
    drawn = examples(model.problem.size, outer, streams)
    gap = model.gaps(pda, drawn)
    return (averaged(gap)[:, t.astype(int) - 1]) if average else gap[:, t.astype(int) - 2]


def linear_expected(
    t: Array, *, p: int, schedule: Schedule = "theory", weights: float = 1.0, memory: Memory = "weighted",
    heat: float = 1.0, gradients: Gradients = "stochastic", average: bool = False, accuracy: float = 2.0,
) -> Array:  # fmt: skip
    """Return the exact expectation of what `linear_gaps` measures."""
    model, outer = linear(p), int(t[-1]) - (0 if average else 1)
    inner = inner_loop(model, schedule, accuracy=accuracy)
    pda = averaging(outer, gradients=gradients, weights=weights, memory=memory, heat=heat, inner=inner)
    found = model.expected(pda)
    return np.asarray(found.averaged_gap[t.astype(int) - 1] if average else found.gap[t.astype(int) - 2])


def scaled_divergence(t: Array, *, p: int, schedule: Schedule = "theory", warm: int = 1) -> Array:
    """Return t² E KL(q^(t)‖q_t), which the theory's inner loop keeps below 1."""
    model = linear(p)
    pda = averaging(int(t[-1]) - 1, inner=inner_loop(model, schedule, bool(warm)))
    return np.asarray(t**2 * model.expected(pda).divergence[t.astype(int) - 2])


def steps_to(
    inverse: Array, *, p: int, schedule: Schedule = "theory", warm: int = 1, weights: float = 1.0,
    accuracy: float = 2.0, longest: int = 8000,
) -> Array:  # fmt: skip
    """Return the Langevin steps after which the expected gap of the random output is ε, at x = 1/ε.

    The number of outer iterations is interpolated between whole ones; infinite where `longest` do not reach ε.
    """
    model = linear(p)
    inner = inner_loop(model, schedule, bool(warm), accuracy)
    assert inner is not None
    gap = model.expected(averaging(longest, weights=weights, inner=inner)).averaged_gap
    total = inner.total_steps(longest)
    reached = np.array([int(np.argmax(gap <= 1 / x)) if gap[-1] <= 1 / x else -1 for x in inverse])
    before = np.maximum(reached - 1, 0)
    share = np.log(gap[before] * inverse) / np.log(gap[before] / gap[reached])
    return np.where(reached > 0, total[before] * (total[reached] / total[before]) ** share, np.inf)


def gap_after(
    steps: Array, streams: Sequence[Stream], *, p: int, schedule: Schedule = "theory", weights: float = 1.0,
    memory: Memory = "weighted", heat: float = 1.0, stale: bool = False, accuracy: float = 2.0,
) -> Array:  # fmt: skip
    """Return the gap that the laws of dual averaging have after N Langevin steps in all, (R, K).

    Within an inner loop it is interpolated linearly, so that its expectation is known as exactly as at its end.
    """
    t, share = _progress(steps, p, schedule, accuracy)
    both = linear_gaps(
        np.arange(2.0, t[-1] + 2), streams, p=p, schedule=schedule, weights=weights, memory=memory, heat=heat,
        stale=stale, accuracy=accuracy,
    )  # fmt: skip
    return (1 - share) * both[:, t - 2] + share * both[:, t - 1]


def expected_gap_after(
    steps: Array, *, p: int, schedule: Schedule = "theory", weights: float = 1.0, memory: Memory = "weighted",
    heat: float = 1.0, accuracy: float = 2.0,
) -> Array:  # fmt: skip
    """Return the exact expectation of what `gap_after` measures."""
    t, share = _progress(steps, p, schedule, accuracy)
    both = linear_expected(
        np.arange(2.0, t[-1] + 2), p=p, schedule=schedule, weights=weights, memory=memory, heat=heat, accuracy=accuracy
    )  # fmt: skip
    return (1 - share) * both[t - 2] + share * both[t - 1]


def _progress(steps: Array, p: int, schedule: Schedule, accuracy: float) -> tuple[npt.NDArray[np.int64], Array]:
    """Return the time t of the last law that N steps have finished, Σ_{s<t} T_s ≤ N, and the share of the next."""
    inner = inner_loop(linear(p), schedule, accuracy=accuracy)
    assert inner is not None
    longest = 64
    while inner.total_steps(longest)[-1] <= steps[-1]:
        longest *= 2
    total = inner.total_steps(longest)
    done = np.searchsorted(total, steps, side="right")
    return done + 1, np.asarray((steps - total[done - 1]) / (total[done] - total[done - 1]))
