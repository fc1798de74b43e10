"""Mean-field Langevin dynamics in one dimension without particles: a finite-volume Fokker–Planck equation.

∂_t q = λ₂ ∇·(q ∇log(q/p_q)) with Scharfetter–Gummel fluxes: with B(x) = x/(e^x − 1) and v = (V_{j+1} − V_j)/λ₂
the jump rate from node j to j+1 is (λ₂/Δ²) B(v), and (λ₂/Δ²) B(−v) back. Mass is conserved, exp(−V/λ₂) at the
nodes is exactly stationary, and an implicit Euler step whose V = δF/δq is that of its own end keeps q positive and
dissipates the objective for every step size, since F is convex.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt
from scipy.linalg import solve_banded
from scipy.special import exprel

from dltheory.meanfield import langevin_laws as laws
from dltheory.meanfield.gibbs import Quadrature

Array = npt.NDArray[np.float64]
Scheme = Literal["conservative", "open", "central"]
_NEWTON_STEPS = 50
_DIRAC = 0.5  # of the mass on one node: no density on this grid


@dataclass(frozen=True, eq=False)
class FokkerPlanck:
    """The equation on the nodes of a one-dimensional quadrature, G of them.

    The fields after the first are what an implementation may get wrong: `heat` multiplies the temperature of the
    noise, `shrink` the drift −2λ₁θ, `speed` the clock; `frozen` keeps the drift of the initial law for ever, `lagged`
    takes that of the start of every step. The scheme `open` loses what leaves at the ends of the grid, and `central`
    differences V″q + V′q′ + λ₂q″ at the nodes, which conserves nothing.
    """

    quadrature: Quadrature
    heat: float = 1.0
    shrink: float = 1.0
    speed: float = 1.0
    frozen: bool = False
    lagged: bool = False
    scheme: Scheme = "conservative"

    def __post_init__(self) -> None:
        laws.require_line(self.quadrature)
        self.quadrature.problem.require_convex()
        if self.scheme not in get_args(Scheme):
            raise ValueError(f"scheme must be one of {get_args(Scheme)}, got {self.scheme!r}")
        for name in ("heat", "shrink", "speed"):
            if not 0 < getattr(self, name) < np.inf:
                raise ValueError(f"{name} must be positive and finite, got {getattr(self, name)}")

    def generator(self, g: Array) -> Array:
        """Return A of dq/dt = A q for frozen coefficients g (n,), as bands (3, G) in the layout of solve_banded."""
        v = self._steps(g)
        bands = np.zeros((3, len(self.quadrature.nodes)))
        if self.scheme == "central":
            slope = (np.append(v, v[-1]) + np.insert(v, 0, v[0])) / 2  # Δ V′/λ₂ at the nodes
            bands[0, 1:], bands[2, :-1] = self._scale * (1 + slope / 2)[:-1], self._scale * (1 - slope / 2)[1:]
            bands[1] = self._scale * (np.diff(v, prepend=v[0], append=v[-1]) - 2)
            return bands
        up, down = self._scale / exprel(v), self._scale / exprel(-v)
        bands[0, 1:], bands[2, :-1] = down, up
        bands[1, :-1] -= up
        bands[1, 1:] -= down
        if self.scheme == "open":
            bands[1, [0, -1]] -= self._scale
        return bands

    def advance(self, q: Array, dt: float, guess: Array | None = None) -> Array:
        """Return the law (G,) a time dt after q; `guess` (n,) are coefficients to start the fixed point from.

        ArithmeticError if the fixed point is not found.
        """
        if self.frozen:
            raise ValueError("a frozen drift belongs to a whole run: use `run`")
        g = laws.coefficients(self.quadrature, q) if guess is None else guess
        end = self._implicit(q, g, dt)
        residual = laws.coefficients(self.quadrature, end) - g
        jacobian = np.eye(len(g)) - self._response(end, g, dt)
        for _ in range(_NEWTON_STEPS):
            if np.max(np.abs(residual)) <= 4e-15 * (1 + np.max(np.abs(g))):
                return end
            g = g + np.linalg.solve(jacobian, residual)
            end, before = self._implicit(q, g, dt), np.max(np.abs(residual))
            residual = laws.coefficients(self.quadrature, end) - g
            if np.max(np.abs(residual)) > before / 8:
                jacobian = np.eye(len(g)) - self._response(end, g, dt)
        if np.max(np.abs(residual)) > 1e-12:
            raise ArithmeticError(f"the implicit step of {dt:g} has no fixed point within reach: take smaller steps")
        return end

    def run(self, q: Array, dt: float, steps: int) -> Array:
        """Return the laws (steps + 1, G) at times 0, dt, 2dt, …, the initial law q (G,) first."""
        laws.require_law(self.quadrature, q)
        if np.max(q) > _DIRAC:
            raise ValueError(
                f"{np.max(q):.2g} of the initial law sits on one node: a Dirac has infinite entropy, start from its law"
                " after a short time, a Gaussian of variance 2λ₂t"
            )
        out = np.empty((steps + 1, q.size))
        out[0] = q
        if self.frozen:
            start = laws.coefficients(self.quadrature, q)
            for k in range(steps):
                out[k + 1] = self._implicit(out[k], start, dt)
            return out
        g = previous = laws.coefficients(self.quadrature, q)
        for k in range(steps):
            guess = 2 * g - previous if k else g
            out[k + 1] = self._implicit(out[k], g, dt) if self.lagged else self.advance(out[k], dt, guess)
            g, previous = laws.coefficients(self.quadrature, out[k + 1]), g
        return out

    @property
    def _scale(self) -> float:
        return self.speed * self._temperature / self.quadrature.volume**2

    @property
    def _temperature(self) -> float:
        return self.heat * self.quadrature.problem.temperature

    def _steps(self, g: Array) -> Array:
        """(V_{j+1} − V_j)/λ₂ between nodes, shape (G − 1,)."""
        p = self.quadrature.problem
        potential = self.quadrature.neurons @ g / p.size + self.shrink * p.l2 * self.quadrature.norms
        return np.asarray(np.diff(potential) / self._temperature)

    def _implicit(self, q: Array, g: Array, dt: float) -> Array:
        return np.asarray(solve_banded((1, 1), self._system(g, dt), q))

    def _system(self, g: Array, dt: float) -> Array:
        bands = -dt * self.generator(g)
        bands[1] += 1
        return bands

    def _response(self, end: Array, g: Array, dt: float) -> Array:
        """Return ∂ℓ′(E_end h)/∂g (n, n) of an implicit step that ends in `end` (G,)."""
        p = self.quadrature.problem
        v = self._steps(g)
        change = np.diff(self.quadrature.neurons, axis=0) / (p.size * self._temperature)
        flux = self._scale * (_slope(v) * end[:-1] + _slope(-v) * end[1:])[:, np.newaxis] * change
        push = np.zeros_like(self.quadrature.neurons)
        push[:-1] -= flux
        push[1:] += flux
        moved = solve_banded((1, 1), self._system(g, dt), dt * push)
        curvature = p.loss.curvature(end @ self.quadrature.neurons, p.labels)
        return np.asarray(curvature[:, np.newaxis] * (self.quadrature.neurons.T @ moved))


def _slope(x: Array) -> Array:
    """Return B′(x) = (1 − x − B(x))/(e^x − 1), by its series about 0."""
    small = np.abs(x) < 1e-4
    safe = np.where(small, 1.0, np.clip(x, -700, 700))
    return np.where(small, -0.5 + x / 6, (1 - safe - 1 / exprel(safe)) / np.expm1(safe))
