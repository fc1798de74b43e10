"""Profile least squares for h(Ax): Gauss–Newton over the rotation, a sieve of cosines for h, several starts.

For a fixed A the coefficients are linear, so only A is searched: the residual is differentiated along the tangent
space of {A: AAᵀ = I} and freed from the sieve (variable projection in Kaufman's form), the step is taken in the
plane and brought back by a QR decomposition. It starts from few frequencies, where the valley is wide, and doubles
them. Inputs are uniform on the ball (`composition.uniformise`).

Sources: G. Golub, V. Pereyra, Separable nonlinear least squares, 2003; L. Kaufman, A variable projection method, 1975.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numba
import numpy as np
import numpy.typing as npt
from scipy.linalg import cho_factor, cho_solve

from dltheory.besov import cosine
from dltheory.besov.composition import AffineTarget, require_ball, require_rotation, uniformise
from dltheory.besov.smoothness import Smoothness
from dltheory.least_squares import require_different, require_sample

Array = npt.NDArray[np.float64]
_FIRST = 4  # basis functions at the first of the widening sieves
_HALVINGS = 6
_SCOUTS = 1024  # points that the starts are compared on; all of them later


@dataclass(frozen=True, eq=False)
class IndexFit:
    """An estimate ĥ(Âx): rotation (d, D), coefficients (N,) at indices (N, d), residual sum of squares."""

    rotation: Array
    indices: cosine.Indices
    coefficients: Array
    residual: float

    def __call__(self, x: Array) -> Array:
        """Return the estimate at points (n, D) of the ball, shape (n,)."""
        require_ball(x, self.rotation.shape[1])
        t, _ = uniformise(x @ self.rotation.T, self.rotation.shape[1])
        return np.asarray(_basis(self.indices, t) @ self.coefficients)


@dataclass(frozen=True)
class IndexRegression:
    """Least squares over h(Ax), h in the first `terms` cosines of the space, A any d orthonormal rows.

    `starts` directions are tried besides the one of a linear fit; `iterations` bounds the Gauss–Newton steps of each
    sieve.
    """

    smoothness: Smoothness
    terms: int
    starts: int = 8
    iterations: int = 12

    def __post_init__(self) -> None:
        if not self.terms >= 2**self.smoothness.dimension:
            raise ValueError(
                f"pre-asymptotic: {self.terms} terms are fewer than one frequency a direction,"
                f" which takes {2**self.smoothness.dimension}"
            )
        if not all(value % 1 == 0 for value in (self.terms, self.starts, self.iterations)):
            raise ValueError(
                f"terms, starts and iterations are whole numbers, got {self.terms}, {self.starts} and {self.iterations}"
            )
        if self.starts < 1 or self.iterations < 1:
            raise ValueError(f"starts and iterations must be at least 1, got {self.starts} and {self.iterations}")

    @classmethod
    def from_theory(cls, smoothness: Smoothness, count: int, noise: float, *, power: float | None = None,
                    starts: int = 8) -> IndexRegression:  # fmt: skip
        """Return the theorem's sieve, N = (n/σ²)^(1/(2s̃ + 1)) terms; `power` replaces the exponent.

        ValueError where n is too small for a frequency in every direction.
        """
        if not noise > 0:
            raise ValueError(f"the noise must be positive, got {noise:g}: without it there is no statistical rate")
        exponent = 1 / (2 * smoothness.mean + 1) if power is None else power
        return cls(smoothness, round((count / noise**2) ** exponent), starts)

    def fit(self, x: Array, y: Array, rng: np.random.Generator, rotation: Array | None = None) -> IndexFit:
        """Return the least-squares fit to points (n, D) of the ball and labels (n,); `rotation` fixes A."""
        x, y = _checked(x, y, self.smoothness.dimension, self.terms)
        indices = cosine.ordered_indices(self.smoothness, self.terms)
        if rotation is not None:
            require_rotation(rotation, self.smoothness.dimension, x.shape[1])
            return _solve(rotation, indices, x, y).result(indices)
        few = indices[: min(_FIRST**self.smoothness.dimension, self.terms)]
        begun = [self._descend(start, few, x[:_SCOUTS], y[:_SCOUTS]) for start in self._starts(x, y, rng)]
        best = min(begun, key=lambda state: state.residual)
        for count in _widening(len(few), self.terms):
            best = self._descend(best.rotation, indices[:count], x, y)
        return best.result(indices)

    def _starts(self, x: Array, y: Array, rng: np.random.Generator) -> list[Array]:
        rows, ambient = self.smoothness.dimension, x.shape[1]
        linear = np.linalg.lstsq(x, y - y.mean(), rcond=None)[0]
        found = []
        for i in range(self.starts):
            draw = rng.standard_normal((ambient, rows))
            if i == 0:
                draw[:, -1] = linear
            basis, _ = np.linalg.qr(draw[:, ::-1])
            found.append(np.ascontiguousarray(basis.T[::-1]))
        return found

    def _descend(self, rotation: Array, indices: cosine.Indices, x: Array, y: Array) -> _State:
        state = _solve(rotation, indices, x, y)
        for _ in range(self.iterations):
            step = state.step(indices, x)
            gained = False
            for halving in range(_HALVINGS):
                moved = _retract(state.rotation + 0.5**halving * step)
                new = _solve(moved, indices, x, y)
                if new.residual < state.residual:
                    gained = state.residual - new.residual > 1e-7 * state.residual
                    state = new
                    break
            if not gained:
                break
        return state


@dataclass(frozen=True, eq=False)
class _State:
    """The sieve fitted at one rotation, with what a Gauss–Newton step needs."""

    rotation: Array
    coefficients: Array
    residuals: Array
    t: Array
    jacobian: Array
    basis: Array
    factor: tuple[Array, bool]

    @property
    def residual(self) -> float:
        return float(self.residuals @ self.residuals)

    def result(self, indices: cosine.Indices) -> IndexFit:
        return IndexFit(self.rotation, indices, self.coefficients, self.residual)

    def step(self, indices: cosine.Indices, x: Array) -> Array:
        """Return the Gauss–Newton step (d, D) in the tangent space."""
        rows, ambient = self.rotation.shape
        slope = np.einsum("nk,nkj->nj", _gradient(indices, self.coefficients, self.t), self.jacobian)
        complement = np.linalg.svd(self.rotation)[2][rows:]
        across = x @ complement.T
        columns = [slope[:, k : k + 1] * across for k in range(rows)]
        pairs = [(k, j) for k in range(rows) for j in range(k)]
        inside = x @ self.rotation.T
        columns += [(slope[:, k] * inside[:, j] - slope[:, j] * inside[:, k])[:, np.newaxis] for k, j in pairs]
        design = np.hstack(columns)
        design -= self.basis @ cho_solve(self.factor, self.basis.T @ design)
        found = np.linalg.lstsq(design, self.residuals, rcond=1e-10)[0]
        width = ambient - rows
        step = np.reshape(found[: rows * width], (rows, width)) @ complement
        for (k, j), angle in zip(pairs, found[rows * width :], strict=True):
            step[k] += angle * self.rotation[j]
            step[j] -= angle * self.rotation[k]
        return np.asarray(step)


def oracle_risk(target: AffineTarget, fitted: IndexRegression, x: Array, noise: float) -> float:
    """Return the risk of the sieve at the true rotation given the design (n, D), averaged over the noise, exactly.

    The sieve is orthonormal under the law of the inputs: ‖B⁺f(X) − θ‖² + σ² tr (BᵀB)^−1 + the energy left out.
    """
    indices = cosine.ordered_indices(fitted.smoothness, fitted.terms)
    t, _ = uniformise(x @ target.rotation.T, target.ambient)
    basis = _basis(indices, t)
    factor = cho_factor(basis.T @ basis, lower=True)
    truth = np.concatenate([[0.0], target.coefficients[: fitted.terms - 1]])
    wrong = cho_solve(factor, basis.T @ target(x)) - truth
    spread = float(np.trace(cho_solve(factor, np.eye(fitted.terms))))
    left = float(np.sum(target.coefficients[fitted.terms - 1 :] ** 2))
    return float(wrong @ wrong) + noise**2 * spread + left


def directions(rows: int, ambient: int) -> int:
    """Return the dimension of the set of rotations, d(D − d) + d(d − 1)/2: what learning them costs, times σ²/n."""
    if not 1 <= rows <= ambient:
        raise ValueError(f"{rows} directions do not fit into {ambient} dimensions")
    return rows * (ambient - rows) + rows * (rows - 1) // 2


def _solve(rotation: Array, indices: cosine.Indices, x: Array, y: Array) -> _State:
    t, jacobian = uniformise(x @ rotation.T, x.shape[1])
    basis = _basis(indices, t)
    gram = basis.T @ basis
    gram[np.diag_indices_from(gram)] *= 1 + 1e-10  # a sieve that the design cannot tell apart stays solvable
    factor = cho_factor(gram, lower=True)
    coefficients = cho_solve(factor, basis.T @ y)
    return _State(rotation, coefficients, y - basis @ coefficients, t, jacobian, basis, factor)


def _basis(indices: cosine.Indices, t: Array) -> Array:
    if indices.shape[1] > 1:
        return cosine.evaluate(indices, t)
    return np.asarray(_cosines(t[:, 0], len(indices)))  # one direction counts 0, 1, 2, …


def _gradient(indices: cosine.Indices, coefficients: Array, t: Array) -> Array:
    """Return ∂ĥ/∂t_k (n, d)."""
    if indices.shape[1] == 1:
        return np.asarray(_cosine_slope(t[:, 0], coefficients))[:, np.newaxis]
    tables = [_cosines(t[:, k], int(indices[:, k].max()) + 1) for k in range(t.shape[1])]
    out = np.empty_like(t)
    for k in range(t.shape[1]):
        frequencies = np.arange(tables[k].shape[1])
        waves = np.sin(np.pi * t[:, k : k + 1] * frequencies) * (-math.sqrt(2) * np.pi * frequencies)
        part = waves[:, indices[:, k]]
        for other, table in enumerate(tables):
            if other != k:
                part *= table[:, indices[:, other]]
        out[:, k] = part @ coefficients
    return out


@numba.njit(cache=True)
def _cosines(t, count):  # type: ignore[no-untyped-def]
    """Return 1, √2 cos πt, √2 cos 2πt, … at t (n,), shape (n, count), by the three-term recurrence."""
    out = np.empty((t.size, count))
    for i in range(t.size):
        twice = 2 * np.cos(np.pi * t[i])
        before, now = np.sqrt(2.0) * twice / 2, np.sqrt(2.0)
        out[i, 0] = 1.0
        for j in range(1, count):
            before, now = now, twice * now - before
            out[i, j] = now
    return out


@numba.njit(cache=True)
def _cosine_slope(t, coefficients):  # type: ignore[no-untyped-def]
    """Return the derivative (n,) of Σ c_j √2 cos πjt at t (n,)."""
    out = np.empty(t.size)
    for i in range(t.size):
        twice = 2 * np.cos(np.pi * t[i])
        before, now, total = 0.0, np.sin(np.pi * t[i]), 0.0
        for j in range(1, coefficients.size):
            total -= j * coefficients[j] * now
            before, now = now, twice * now - before
        out[i] = np.sqrt(2.0) * np.pi * total
    return out


def _retract(matrix: Array) -> Array:
    """Return the rotation nearest in the order of its rows: QR with positive diagonal."""
    basis, triangle = np.linalg.qr(matrix.T)
    return np.ascontiguousarray((basis * np.sign(np.diag(triangle))).T)


def _widening(first: int, last: int) -> list[int]:
    counts = []
    while 2 * first < last:
        first *= 2
        counts.append(first)
    return [*counts, last]


def _checked(x: npt.ArrayLike, y: npt.ArrayLike, rows: int, terms: int) -> tuple[Array, Array]:
    """Return a sample of the model; ValueError for inputs whose law leaves h or A open."""
    x, y = require_sample(x, y)
    if x.shape[1] <= rows:
        raise ValueError(f"the ambient dimension must exceed the {rows} directions that are sought, got {x.shape[1]}")
    require_ball(x, x.shape[1])
    if float(np.einsum("nd,nd->n", x, x).min()) > 0.999:
        raise ValueError("inputs on the sphere have no density in the ball: coordinates have another law there")
    if len(x) < 2 * terms:
        raise ValueError(f"{terms} terms need at least {2 * terms} points, got {len(x)}")
    require_different(x, 2 * terms, f"{terms} terms")
    spread = np.linalg.eigvalsh(x.T @ x)
    if spread[0] <= 1e-12 * spread[-1]:
        raise ValueError(
            f"inputs lie in a subspace of R^{x.shape[1]} of dimension {np.sum(spread > 1e-12 * spread[-1])}: Ax has no"
            " density for some directions, and the rotation is not identified"
        )
    return x, y
