"""Choosing the resolution from the data: Mallows' criterion or a hold-out, over rectangles of frequencies.

The rectangle l_i < K_i is what ρ(l) ≤ R looks like for every smoothness, so that the choice adapts to unknown s.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.linalg import cho_solve

from dltheory.besov.cosine import Indices, evaluate
from dltheory.besov.cosine_series import CosineSeries
from dltheory.least_squares import NotIdentifiedError, gram_factor, require_sample, solve_identified

Array = npt.NDArray[np.float64]
Resolution = tuple[int, ...]


def rectangles(dimension: int, most: int, ladder: Sequence[int] = ()) -> tuple[Resolution, ...]:
    """Return all (K_1, …, K_d) with entries of a ladder (1, 2, 3, 4, 6, 8, 12, … unless told) and ΠK_i ≤ most."""
    if dimension < 1:
        raise ValueError(f"a rectangle has at least one direction, got {dimension}")
    if not most >= 1:
        raise ValueError(f"a rectangle has at least one term, got {most}")
    steps = sorted(set(ladder or [2**j for j in range(40)] + [3 * 2**j for j in range(40)]))
    short = [step for step in steps if step <= most]
    return tuple(found for found in itertools.product(short, repeat=dimension) if int(np.prod(found)) <= most)


def rectangle_indices(resolution: Resolution) -> Indices:
    """Return the multi-indices l_i < K_i, (ΠK_i, d)."""
    return np.stack(np.meshgrid(*(np.arange(k) for k in resolution), indexing="ij"), -1).reshape(-1, len(resolution))


def mallows(x: Array, y: Array, variance: float, candidates: Sequence[Resolution]) -> CosineSeries:
    """Return the least-squares series on the rectangle with the smallest RSS/n + 2σ²N/n.

    All candidates share one table of the basis and one Gram matrix. ValueError for no candidate, more terms than
    samples, and points that do not identify a candidate of n/4 terms or less; larger ones are then left out.
    """
    if not 0 <= variance < np.inf:
        raise ValueError(f"the variance of the noise is at least 0 and finite, got {variance:g}")
    x, y = require_sample(x, y)
    columns, design = _shared(x, candidates)
    gram, moments, square, n = design.T @ design, design.T @ y, float(y @ y), len(y)
    best, chosen = np.inf, candidates[0]
    found: Array = np.zeros(0)
    for resolution in candidates:
        keep = columns[resolution]
        try:
            theta: Array = np.asarray(cho_solve(gram_factor(gram[np.ix_(keep, keep)]), moments[keep]), float)
        except NotIdentifiedError:
            if 4 * len(keep) <= n:
                raise
            continue
        criterion = (square - float(moments[keep] @ theta)) / n + 2 * variance * len(keep) / n
        if criterion < best:
            best, found, chosen = criterion, theta, resolution
    return CosineSeries(rectangle_indices(chosen), found)


def hold_out(x: Array, y: Array, candidates: Sequence[Resolution], share: float = 0.5) -> CosineSeries:
    """Return the least-squares series of the first part of the data that predicts the rest best, `share` held out."""
    if not 0 < share < 1:
        raise ValueError(f"the share held out lies between 0 and 1, got {share:g}")
    x, y = require_sample(x, y)
    first = round(len(y) * (1 - share))
    if not 0 < first < len(y):
        raise ValueError(f"a share of {share:g} of {len(y)} samples leaves none to fit, or none to judge")
    fitted, values = first_fits(x, y[:first], candidates)
    return fitted[int(np.argmin(np.mean((values[:, first:] - y[first:]) ** 2, axis=1)))]


def first_fits(x: Array, y: Array, candidates: Sequence[Resolution]) -> tuple[list[CosineSeries], Array]:
    """Return the series of every candidate fitted to y, the labels of the first points of x (n, d), and their values.

    Values at all n points, (C, n): those beyond the labels can judge the fits. Candidates with more terms than labels
    are left out; ValueError where none is left, and for points that do not identify one of a quarter of that size.
    """
    first = len(y)
    kept = [one for one in candidates if int(np.prod(one)) <= first]
    if candidates and not kept:
        raise ValueError(f"no candidate has at most {first} terms, the samples that are fitted")
    columns, design = _shared(x, kept)
    found = {}
    for one in kept:
        try:
            found[one] = solve_identified(design[:first, columns[one]], y)
        except NotIdentifiedError:
            if 4 * len(columns[one]) <= first:  # not for want of samples: the inputs have no density
                raise
    values = np.stack([design[:, columns[one]] @ theta for one, theta in found.items()])
    return [CosineSeries(rectangle_indices(one), theta) for one, theta in found.items()], values


def _shared(x: Array, candidates: Sequence[Resolution]) -> tuple[dict[Resolution, npt.NDArray[np.int64]], Array]:
    """Return the columns of every candidate, and the table of all the terms that any of them has."""
    if not candidates:
        raise ValueError("there is no resolution to choose from")
    if len({len(one) for one in candidates}) > 1 or min(min(one) for one in candidates) < 1:
        raise ValueError(f"resolutions have one dimension and at least one term a direction, got {tuple(candidates)}")
    largest = max(int(np.prod(one)) for one in candidates)
    if largest > len(x):
        raise ValueError(f"a resolution of {largest} terms needs at least as many samples, got {len(x)}")
    box = tuple(np.max(candidates, axis=0).tolist())
    flat = {one: np.ravel_multi_index(tuple(rectangle_indices(one).T), box) for one in candidates}
    used = np.unique(np.concatenate(list(flat.values())))
    design = evaluate(np.stack(np.unravel_index(used, box), axis=-1), x)
    return {one: np.searchsorted(used, terms) for one, terms in flat.items()}, design
