"""Choosing the resolution from the data: Mallows' criterion or a hold-out, over rectangles of frequencies.

The rectangle l_i < K_i is what ρ(l) ≤ R looks like for every smoothness, so that the choice adapts to unknown s.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from dltheory.besov.cosine import Indices, evaluate
from dltheory.besov.cosine_series import CosineSeries
from dltheory.least_squares import solve

Array = npt.NDArray[np.float64]
Resolution = tuple[int, ...]


def rectangles(dimension: int, most: int, ladder: Sequence[int] = ()) -> tuple[Resolution, ...]:
    """Return all (K_1, …, K_d) with entries of a ladder (1, 2, 3, 4, 6, 8, 12, … unless told) and ΠK_i ≤ most."""
    if most < 1:
        raise ValueError(f"a rectangle has at least one term, got {most}")
    steps = sorted(set(ladder or [2**j for j in range(40)] + [3 * 2**j for j in range(40)]))
    short = [step for step in steps if step <= most]
    return tuple(found for found in itertools.product(short, repeat=dimension) if int(np.prod(found)) <= most)


def rectangle_indices(resolution: Resolution) -> Indices:
    """Return the multi-indices l_i < K_i, (ΠK_i, d)."""
    return np.stack(np.meshgrid(*(np.arange(k) for k in resolution), indexing="ij"), -1).reshape(-1, len(resolution))


def mallows(x: Array, y: Array, variance: float, candidates: Sequence[Resolution]) -> CosineSeries:
    """Return the least-squares series on the rectangle with the smallest RSS/n + 2σ²N/n.

    All candidates share one table of the basis and one Gram matrix. ValueError for no candidate, or more terms than
    samples.
    """
    columns, design = _shared(x, candidates)
    gram, moments, square, n = design.T @ design, design.T @ y, float(y @ y), len(y)
    best, chosen = np.inf, candidates[0]
    found: Array = np.zeros(0)
    for resolution in candidates:
        keep = columns[resolution]
        theta: Array = np.asarray(np.linalg.solve(gram[np.ix_(keep, keep)], moments[keep]), float)
        criterion = (square - float(moments[keep] @ theta)) / n + 2 * variance * len(keep) / n
        if criterion < best:
            best, found, chosen = criterion, theta, resolution
    return CosineSeries(rectangle_indices(chosen), found)


def hold_out(x: Array, y: Array, candidates: Sequence[Resolution], share: float = 0.5) -> CosineSeries:
    """Return the least-squares series of the first part of the data that predicts the rest best, `share` held out."""
    if not 0 < share < 1:
        raise ValueError(f"the share held out lies between 0 and 1, got {share:g}")
    first = round(len(y) * (1 - share))
    columns, design = _shared(x, candidates)
    fits = {one: solve(design[:first, columns[one]], y[:first]) for one in candidates if len(columns[one]) <= first}
    if not fits:
        raise ValueError(f"no candidate has at most {first} terms, the samples that are fitted")
    errors = {one: float(np.mean((design[first:, columns[one]] @ fit - y[first:]) ** 2)) for one, fit in fits.items()}
    chosen = min(errors, key=lambda one: errors[one])
    return CosineSeries(rectangle_indices(chosen), fits[chosen])


def _shared(x: Array, candidates: Sequence[Resolution]) -> tuple[dict[Resolution, npt.NDArray[np.int64]], Array]:
    """Return the columns of every candidate, and the table of all the terms that any of them has."""
    if not candidates:
        raise ValueError("there is no resolution to choose from")
    largest = max(int(np.prod(one)) for one in candidates)
    if largest > len(x):
        raise ValueError(f"a resolution of {largest} terms needs at least as many samples, got {len(x)}")
    box = tuple(np.max(candidates, axis=0).tolist())
    flat = {one: np.ravel_multi_index(tuple(rectangle_indices(one).T), box) for one in candidates}
    used = np.unique(np.concatenate(list(flat.values())))
    design = evaluate(np.stack(np.unravel_index(used, box), axis=-1), x)
    return {one: np.searchsorted(used, terms) for one, terms in flat.items()}, design
