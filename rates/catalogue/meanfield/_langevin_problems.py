"""What the claims on mean-field Langevin dynamics share: problems by name, and gaps with the knobs of the controls.

The mathematics is imported where it runs, so that listing the catalogue stays instant.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from dltheory.meanfield.gibbs import Quadrature
    from dltheory.meanfield.problem import MeanFieldProblem

Array = npt.NDArray[np.float64]
Certificate = Literal["oscillation", "curvature", "uniform", "paper", "gaussian", "inverse", "product"]
SETTINGS = {"cold": ("squared", 0.1, 0.1), "warm": ("squared", 0.25, 1.0), "logistic": ("logistic", 0.5, 0.5)}
_PAIR = 2  # data points where the free energy of particles is an integral over a field of as many dimensions
_STEP = 0.05  # of the implicit scheme, and half of it: log gaps are extrapolated to zero


def tanh_problem(loss: str, l2: float, temperature: float, size: int = 16) -> MeanFieldProblem:
    """Return tanh neurons of one weight on `size` points, inputs within ±2 and labels of both signs."""
    from dltheory.meanfield.losses import LogisticLoss, Loss, SquaredLoss
    from dltheory.meanfield.problem import MeanFieldProblem

    i = np.arange(size)
    inputs = 2 * np.cos(np.pi * (i + 0.5) / size)[:, np.newaxis]
    losses: dict[str, Loss] = {"squared": SquaredLoss(), "logistic": LogisticLoss()}
    labels = np.sign(np.sin(5 * i + 1.0))
    return MeanFieldProblem(inputs, labels, l2, temperature, loss=losses[loss], offsets=np.sin(3.0 * i))


@lru_cache(maxsize=16)
def grid(setting: str, size: int = 16, hot: float = 1.0, weak: float = 1.0) -> Quadrature:
    """Return a setting on the nodes of a checked quadrature; `hot` and `weak` multiply its temperature and λ₁."""
    from dltheory.meanfield.gibbs import Quadrature

    loss, l2, temperature = SETTINGS[setting]
    return Quadrature.of(tanh_problem(loss, l2 * weak, temperature * hot, size))


def shifted(quadrature: Quadrature) -> Array:
    """Return N(1, λ₂/2λ₁) on the nodes: the prior's width, in the wrong place."""
    p = quadrature.problem
    q = np.exp(-p.l2 / p.temperature * (quadrature.nodes[:, 0] - 1) ** 2)
    return np.asarray(q / q.sum())


def laws_at(t: Array, quadrature: Quadrature, start: Array, step: float = _STEP, **knobs: Any) -> Array:
    """Return the laws (K, G) at times t, multiples of the step, of the implicit scheme."""
    from dltheory.meanfield.fokker_planck import FokkerPlanck

    index = np.rint(t / step).astype(int)
    return np.asarray(FokkerPlanck(quadrature, **knobs).run(start, step, int(index[-1]))[index])


def gaps_at(t: Array, quadrature: Quadrature, start: Array, **knobs: Any) -> Array:
    """Return L(q_t) − L(q*) (K,), log gaps extrapolated from two step sizes."""
    from dltheory.meanfield.langevin_laws import gap

    coarse, fine = (gap(quadrature, laws_at(t, quadrature, start, step, **knobs)) for step in (_STEP, _STEP / 2))
    return np.asarray(fine * (fine / coarse))


def shifted_gap(
    t: Array, *, setting: str, heat: float = 1.0, shrink: float = 1.0, speed: float = 1.0, frozen: bool = False
) -> Array:
    """Return the gap at t from the shifted start."""
    quadrature = grid(setting)
    return gaps_at(t, quadrature, shifted(quadrature), heat=heat, shrink=shrink, speed=speed, frozen=frozen)


@lru_cache(maxsize=8)
def certified_rate(setting: str, certificate: Certificate) -> float:
    """Return 2αλ₂ with α certified for all proximal Gibbs measures along the run from the shifted start."""
    from dltheory.meanfield import langevin_laws, log_sobolev

    quadrature = grid(setting)
    p = quadrature.problem
    if certificate == "paper":
        return 2 * p.temperature * log_sobolev.paper(p)
    if certificate == "uniform":
        return 2 * p.temperature * log_sobolev.uniform(p)
    path = laws_at(np.arange(0.0, 15.0, _STEP), quadrature, shifted(quadrature))
    g = langevin_laws.coefficients(quadrature, path)
    bound = log_sobolev.holley_stroock if certificate == "oscillation" else log_sobolev.bakry_emery
    return 2 * p.temperature * bound(quadrature, g)


def promised_gap(t: Array, *, setting: str, certificate: Certificate) -> Array:
    """Return e^(−2αλ₂t)(L(q_0) − L*), the theorem's bound from the shifted start."""
    from dltheory.meanfield.langevin_laws import gap

    quadrature = grid(setting)
    return np.asarray(np.exp(-certified_rate(setting, certificate) * t) * gap(quadrature, shifted(quadrature)))


def slowest_gap(
    t: Array, *, setting: str, size: float = 1e-3, heat: float = 1.0, shrink: float = 1.0, speed: float = 1.0,
    frozen: bool = False, start: str = "slowest", early: float = 1.0,
) -> Array:  # fmt: skip
    """Return the gap at t from q*(1 + size f₁), f₁ the slowest direction, or from the shifted start.

    For a control the rate is taken `early` times earlier: gap(0) (gap(t/early)/gap(0))^early.
    """
    from dltheory.meanfield.langevin_laws import gap
    from dltheory.meanfield.langevin_modes import LocalModes

    quadrature = grid(setting)
    law = LocalModes(quadrature).start(size) if start == "slowest" else shifted(quadrature)
    found = gaps_at(t / early, quadrature, law, heat=heat, shrink=shrink, speed=speed, frozen=frozen)
    initial = float(gap(quadrature, law))
    return np.asarray(initial * (found / initial) ** early)


def slowest_expected(t: Array, *, setting: str, size: float = 1e-3) -> Array:
    """Return e^(−2μt) times the initial gap, μ from the eigenproblem."""
    from dltheory.meanfield.langevin_laws import gap
    from dltheory.meanfield.langevin_modes import LocalModes

    quadrature = grid(setting)
    modes = LocalModes(quadrature)
    return np.asarray(gap(quadrature, modes.start(size)) * np.exp(-modes.rate * t))


def least_divergence(
    t: Array, *, setting: str, heat: float = 1.0, shrink: float = 1.0, speed: float = 1.0, frozen: bool = False
) -> Array:
    """Return the least KL(q_s‖p_{q_s}) of the times s ≤ t, from the shifted start (K,), extrapolated in steps."""
    from dltheory.meanfield import langevin_laws

    quadrature, found = grid(setting), []
    start = shifted(quadrature)
    for step in (_STEP, _STEP / 2):
        every = np.arange(0.0, t[-1] + step / 2, step)
        path = laws_at(every, quadrature, start, step, heat=heat, shrink=shrink, speed=speed, frozen=frozen)
        least = np.minimum.accumulate(langevin_laws.divergence(path, langevin_laws.proximal(quadrature, path)))
        found.append(least[np.rint(t / step).astype(int)])
    return np.asarray(found[1] * (found[1] / found[0]))


def promised_divergence(t: Array, *, setting: str, certificate: Certificate) -> Array:
    """Return e^(−2αλ₂(t−1))(L(q_0) − L*)/(2αλ₂²), for t ≥ 1."""
    rate = certified_rate(setting, certificate)
    return np.asarray(
        promised_gap(t - 1, setting=setting, certificate=certificate) / (rate * grid(setting).problem.temperature)
    )


def mass(
    t: Array, *, setting: str, scheme: Literal["conservative", "open", "central"] = "conservative", reach: float = 1.0
) -> Array:
    """Return the mass of the law at t (K,) from the shifted start; the domain is cut at `reach` of its width."""
    from dltheory.meanfield.langevin_laws import refined

    quadrature = refined(grid(setting), 1, reach * float(grid(setting).nodes[-1, 0]))
    return np.asarray(laws_at(t, quadrature, shifted(quadrature), scheme=scheme).sum(axis=-1))


def worst_step(
    step: Array, *, setting: str, start: str, heat: float = 1.0, shrink: float = 1.0, lagged: bool = False,
    scheme: Literal["conservative", "open", "central"] = "conservative",
) -> Array:  # fmt: skip
    """Return the largest (L(q_{k+1}) − L*)/(L(q_k) − L*) of 20 implicit steps, by their size, (K,).

    Steps are counted while the gap is above 1e-20, where it is known to a few digits. What a sabotaged scheme leaves
    of a law is made one again: cut at zero and normalised.
    """
    from dltheory.meanfield.fokker_planck import FokkerPlanck
    from dltheory.meanfield.langevin_laws import gap
    from dltheory.meanfield.langevin_modes import LocalModes

    quadrature = grid(setting)
    flow = FokkerPlanck(quadrature, heat=heat, shrink=shrink, lagged=lagged, scheme=scheme)
    law = LocalModes(quadrature).start(1e-3) if start == "slowest" else shifted(quadrature)
    worst = []
    for dt in step:
        path = np.maximum(flow.run(law, float(dt), 20), 0)
        gaps = gap(quadrature, path / path.sum(axis=-1, keepdims=True))
        known = gaps[:-1] > 1e-20
        worst.append(float(np.max((gaps[1:] / np.maximum(gaps[:-1], 1e-300))[known])))
    return np.array(worst)


def sandwich_ratio(
    t: Array, *, setting: str, side: str, reference: str = "own", temperature: float = 1.0
) -> Array:  # fmt: skip
    """Return λ₂KL(q_t‖q*)/(L − L*) or (L − L*)/λ₂KL(q_t‖p_{q_t}), by side: both are at most 1."""
    from dltheory.meanfield.langevin_laws import gap

    quadrature = grid(setting)
    path = laws_at(t, quadrature, shifted(quadrature))
    own = "optimum" if side == "lower" else "proximal"
    bound = temperature * _divergence(quadrature, path, own if reference == "own" else reference)
    between = gap(quadrature, path)
    return bound / between if side == "lower" else between / bound


def duality_ratio(
    t: Array, *, setting: str, reference: str = "proximal", temperature: float = 1.0, lag: bool = False
) -> Array:
    """Return (L(q_t) − D(g_{q_t}))/λ₂KL(q_t‖p_{q_t}), which is 1; `lag` takes the dual at the proximal measure."""
    from dltheory.meanfield import langevin_laws

    quadrature = grid(setting)
    path = laws_at(t, quadrature, shifted(quadrature))
    right = temperature * _divergence(quadrature, path, reference)
    if not lag:
        return np.asarray(langevin_laws.primal_dual_difference(quadrature, path) / right)
    ahead = langevin_laws.coefficients(quadrature, langevin_laws.proximal(quadrature, path))
    return np.asarray((quadrature.objective(path) - quadrature.dual(ahead)) / right)


def _divergence(quadrature: Quadrature, path: Array, reference: str) -> Array:
    """Return λ₂KL(q‖p) for laws q (K, G) and p their own proximal measure, that of the start, or the optimum."""
    from dltheory.meanfield import langevin_laws

    measures = {
        "proximal": lambda: langevin_laws.proximal(quadrature, path),
        "initial": lambda: langevin_laws.proximal(quadrature, shifted(quadrature)),
        "optimum": lambda: quadrature.gibbs(quadrature.optimum),
    }
    return np.asarray(quadrature.problem.temperature * langevin_laws.divergence(path, measures[reference]()))


def step_size_gap(eta: Array, *, setting: str, measure: str, hot: float = 1.0, weak: float = 1.0,
                  frozen: bool = False) -> Array:  # fmt: skip
    """Return L − L*, or D* − D, of the exact stationary law of Euler steps η (K,), infinitely many particles."""
    from dltheory.meanfield import langevin_laws

    right = grid(setting)
    reach = float(right.nodes[-1, 0])
    out = []
    for step in eta:
        factor = int(np.ceil(1.6 * right.volume / np.sqrt(2 * right.problem.temperature * step)))
        fine = langevin_laws.refined(right, factor, reach)
        run = langevin_laws.refined(grid(setting, hot=hot, weak=weak), 1) if hot != 1 or weak != 1 else fine
        if run is not fine:
            run = type(fine)(run.problem, fine.nodes, fine.volume)
        if frozen:
            start = langevin_laws.coefficients(fine, shifted(fine))
            q = langevin_laws.frozen_stationary_law(run, start, float(step))
        else:
            q = langevin_laws.stationary_law(run, float(step))
        g = langevin_laws.coefficients(fine, q)
        out.append(float(langevin_laws.gap(fine, q) if measure == "primal" else fine.dual_suboptimality(g)))
    return np.array(out)


def constant_ratio(inverse: Array, *, certificate: Certificate, l2: float = 0.1) -> Array:
    """Return a log-Sobolev constant over the spectral gap of q*, which bounds it, at x = 1/λ₂."""
    from dltheory.meanfield.gibbs import Quadrature
    from dltheory.meanfield.langevin_modes import LocalModes

    out = []
    for x in inverse:
        given = Quadrature.of(tanh_problem("squared", l2, 1 / x))
        out.append(_constant(given, certificate) / (LocalModes(given).spectral_gap * x))
    return np.array(out)


def _constant(quadrature: Quadrature, certificate: Certificate) -> float:
    """Return the constant of that name at q*; the last three are wrong ones."""
    from dltheory.meanfield import log_sobolev

    p = quadrature.problem
    if certificate == "oscillation":
        return log_sobolev.holley_stroock(quadrature, quadrature.optimum)
    if certificate == "uniform":
        return log_sobolev.uniform(p)
    if certificate == "paper":
        return log_sobolev.paper(p)
    tilt = -np.log(log_sobolev.uniform(p) / log_sobolev.gaussian(p))
    exponents = {"gaussian": 0.0, "inverse": tilt, "product": -tilt * p.temperature**2}
    return float(log_sobolev.gaussian(p) * np.exp(exponents[certificate]))


def excess(particles: Array, *, setting: str, hot: float = 1.0, exponent: float = 1.0) -> Array:
    """Return the exact excess free energy of N^exponent particles in equilibrium at `hot` times the temperature."""
    from dltheory.meanfield.langevin_chaos import excess_free_energy

    return excess_free_energy(grid(setting, _PAIR, hot), particles**exponent)


def excess_leading(particles: Array, *, setting: str) -> Array:
    """Return (λ₂/2N) log det(I + K)."""
    from dltheory.meanfield.langevin_chaos import leading_excess

    return leading_excess(grid(setting, _PAIR), particles)


def excess_ratio(particles: Array, *, setting: str, hot: float = 1.0, exponent: float = 1.0) -> Array:
    """Return the exact excess free energy over tr C/(2nN), which bounds it."""
    from dltheory.meanfield.langevin_chaos import excess_bound

    return excess(particles, setting=setting, hot=hot, exponent=exponent) / excess_bound(
        grid(setting, _PAIR), particles
    )
