"""Estimators that look for the important coordinates: screening, exact ERM over one-hot filters, the Lasso.

A one-hot filter of a convolution reads one coordinate; to choose it is what no estimator linear in the labels can do.
Functions have mean 0 and depend on a set of one or two coordinates; what they return is a series.
"""

from __future__ import annotations

import itertools
import math

import numpy as np
import numpy.typing as npt

from dltheory.gamma_smooth.fourier import (
    FourierSeries,
    evaluate,
    require_indices,
    require_labels,
    require_points,
    table,
)
from dltheory.gamma_smooth.weights import require_whole
from dltheory.least_squares import solve_identified

Array = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]
_SETS = 1_000_000  # of coordinates that are tried


def marginal_energies(x: npt.ArrayLike, y: Array, highest: int = 1, interacting: int = 1) -> Array:
    """Return Σ_l θ̂_{S,l}² − L σ̂²/n of all sets S of m = 1 or 2 coordinates, sets in lexicographic order.

    θ̂_{S,l} = Σ_k y_k ψ_l(x_{k,S})/n over the L = (2·highest)^m multi-indices with 1 ≤ |l_i| ≤ highest, and σ̂² = Σ y²/n:
    on a set without influence the mean is 0.
    """
    if interacting not in (1, 2):
        raise ValueError(f"energies are those of one coordinate or of a pair, got {interacting} interacting ones")
    if highest < 1:
        raise ValueError(f"at least one frequency is looked at, got {highest}")
    require_whole("the highest frequency that is looked at", highest)
    points = require_points(x, interacting)
    y = require_labels(y, len(points))
    n, dimension = points.shape
    width = 2 * highest
    flat = np.delete(table(points.ravel(), highest + 1), highest, axis=1).reshape(n, dimension * width)
    if interacting == 1:
        energies = np.sum((y @ flat / n).reshape(dimension, width) ** 2, axis=1)
    else:
        moments = ((flat * y[:, np.newaxis]).T @ flat / n).reshape(dimension, width, dimension, width)
        energies = np.sum(moments**2, axis=(1, 3))[np.triu_indices(dimension, 1)]
    return np.asarray(energies - width**interacting * float(y @ y) / n**2)


def screen(x: npt.ArrayLike, y: Array, *, keep: int = 1, highest: int = 1, interacting: int = 1) -> Indices:
    """Return the `keep` sets of coordinates with the largest marginal energy, (keep, m)."""
    energies = marginal_energies(x, y, highest, interacting)
    if not 1 <= keep <= len(energies) or keep % 1:
        raise ValueError(f"between 1 and {len(energies)} sets of coordinates can be kept, got {keep}")
    sets = np.array(list(itertools.combinations(range(np.shape(x)[1]), interacting)), np.int64)
    return sets[np.argsort(-energies, kind="stable")[:keep]]


def fit_on(x: npt.ArrayLike, y: Array, indices: Indices, sets: npt.ArrayLike) -> FourierSeries:
    """Return least squares on ψ_l(x_S) for all l of `indices` (N, m) and all given sets S (number, m).

    ValueError where points do not identify all coefficients: coordinates that are functions of each other.
    """
    indices, chosen = require_indices(indices), require_indices(sets)
    if not chosen.size or chosen.min() < 0 or chosen.shape[1] != indices.shape[1]:
        raise ValueError(
            f"sets (number, {indices.shape[1]}) of coordinates from 0 on are needed, got {chosen.tolist()}"
        )
    points = require_points(x, int(chosen.max()) + 1)
    y = require_labels(y, len(points))
    terms = len(indices) * len(chosen)
    if terms >= len(y):
        raise ValueError(f"least squares on {terms} functions needs more samples than that, got {len(y)}")
    design = np.concatenate([evaluate(indices, points[:, s]) for s in chosen], axis=1)
    return FourierSeries(*_placed(indices, chosen, solve_identified(design, y)))


def erm(x: npt.ArrayLike, y: Array, indices: Indices) -> FourierSeries:
    """Return the least-squares series with the smallest residual over all sets of m coordinates: exact ERM.

    Its network has m one-hot filters and a last layer on the functions ψ_l, l of `indices` (N, m): C(D, m) fits.
    """
    points, y = _sample(x, y, indices)
    if len(indices) >= len(y):
        raise ValueError(f"least squares on {len(indices)} functions needs more samples than that, got {len(y)}")
    best, found = -math.inf, FourierSeries(indices[:0], np.zeros(0))
    for chosen in itertools.combinations(range(points.shape[1]), indices.shape[1]):
        design = evaluate(indices, points[:, chosen])
        theta = solve_identified(design, y)
        explained = float(y @ (design @ theta))
        if explained > best:
            best, found = explained, FourierSeries(indices, theta, chosen)
    return found


def lasso(x: npt.ArrayLike, y: Array, indices: Indices, penalty: float) -> FourierSeries:
    """Return argmin ‖y − Σ θ_{S,l} ψ_l(x_S)‖²/(2n) + α ‖θ‖_1 over all sets of m coordinates, by scikit-learn."""
    from sklearn.linear_model import Lasso

    if not penalty > 0:
        raise ValueError(f"the penalty must be positive, got {penalty:g}")
    points, y = _sample(x, y, indices)
    sets = np.array(list(itertools.combinations(range(points.shape[1]), indices.shape[1])), np.int64)
    design = np.concatenate([evaluate(indices, points[:, s]) for s in sets], axis=1)
    fitted = Lasso(alpha=penalty, fit_intercept=False, max_iter=20_000, tol=1e-5).fit(np.asfortranarray(design), y)
    placed, theta, where = _placed(indices, sets, np.asarray(fitted.coef_, float))
    kept = theta != 0
    return FourierSeries(placed[kept], theta[kept], where)


def _sample(x: npt.ArrayLike, y: npt.ArrayLike, indices: Indices) -> tuple[Array, Array]:
    """Return points (n, D) and labels (n,); ValueError for more sets of m out of D coordinates than can be tried."""
    order = require_indices(indices).shape[1]
    points = require_points(x, order)
    number = math.comb(points.shape[1], order)
    if number > _SETS:
        raise ValueError(f"{number} sets of coordinates are too many to try, at most {_SETS}: screen them first")
    return points, require_labels(y, len(points))


def _placed(indices: Indices, sets: Indices, theta: Array) -> tuple[Indices, Array, tuple[int, ...]]:
    """Return the multi-indices of all sets over the coordinates that some set has, the coefficients, and these."""
    where = np.unique(sets)
    found = np.zeros((len(sets), len(indices), len(where)), np.int64)
    for rows, chosen in zip(found, np.searchsorted(where, sets), strict=True):
        rows[:, chosen] = indices
    return found.reshape(-1, len(where)), theta, tuple(where.tolist())
