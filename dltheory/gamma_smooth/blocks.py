"""Blocks and single frequencies of a γ-smooth space, in order, and what lies on every level of γ."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dltheory.gamma_smooth.space import GammaSpace, require_blocks, require_level, steps_below

Array = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]
_OCTAVES = 1000  # of coordinate 1
_MOST = 20_000_000  # blocks, or numbers of the multi-indices, that are listed


def blocks(space: GammaSpace, level: float) -> Indices:
    """Return all s with γ(s) < T, (number, d_max), by γ and then by their entries."""
    require_level(level)
    values = space.weights.below(level)
    found = np.zeros((1 if level > 0 else 0, 0), np.int64)
    used = np.zeros(len(found))
    for value in values:
        _require_listed(len(found) * level / value, f"blocks up to the level {level:g}")
        weighted = space.joined(used[:, None], np.arange(steps_below(level, value)) * value)
        rows, s = np.nonzero(weighted < level - 1e-9)
        found, used = np.column_stack([found[rows], s]), weighted[rows, s]
    order = np.lexsort((*found.T[::-1], np.round(used, 9)))
    return found[order]


def frequencies(block: npt.ArrayLike) -> Indices:
    """Return the multi-indices l of a block s (d,), ⌊2^{s_i − 1}⌋ ≤ |l_i| < 2^{s_i} with both signs: (2^{Σ s_i}, d)."""
    s = require_blocks(block)
    if s.ndim != 1:
        raise ValueError(f"one block (d,) was expected, got shape {s.shape}")
    _require_listed(
        len(s) * 2.0 ** min(s.sum(), 999.0), f"numbers in the multi-indices of a block with Σ s_i = {s.sum():g}"
    )
    (active,) = np.nonzero(s)  # the grid is of these only: numpy has none of 40 coordinates
    found = np.zeros((2 ** int(s.sum()), len(s)), np.int64)
    if len(active):
        sides = [_one_side(int(number)) for number in s[active]]
        found[:, active] = np.stack(np.meshgrid(*sides, indexing="ij"), axis=-1).reshape(-1, len(active))
    return found


def below(space: GammaSpace, level: float) -> Indices:
    """Return the multi-indices l of all blocks with γ(s) < T, (G(T), d_max): block after block."""
    require_level(level)
    digits, width = space.count(level).bit_length(), space.coordinates(level)
    _require_listed(width * 2.0 ** min(digits - 1, 999), f"numbers in the multi-indices up to the level {level:g}")
    found = [frequencies(block) for block in blocks(space, level)]
    return np.concatenate(found) if found else np.zeros((0, 0), np.int64)


def block_of(indices: npt.ArrayLike) -> Indices:
    """Return the block s of every multi-index l, shape of l: s_i = 1 + ⌊log₂|l_i|⌋, 0 for l_i = 0."""
    values = np.abs(np.asarray(indices, float))
    if not np.all((values < np.inf) & (values == np.rint(values))):
        raise ValueError("the entries of a multi-index must be whole numbers")
    return np.asarray(np.frexp(values)[1], np.int64)


def ranked(space: GammaSpace, count: int) -> Indices:
    """Return the first `count` multi-indices (count, d) by Σ or max_i a_i log₂(1 + |l_i|), equal ones by their entries.

    The order without whole octaves: #{l: weight < W} grows like 2^{W/a†}, up to factors that γ has, too.
    """
    if not count >= 1 or count % 1:
        raise ValueError(f"at least one index is needed, and a whole number of them, got {count}")
    _require_listed(count, "multi-indices")
    limit = float(space.weights.first(1)[0])
    found, weight = _under(space, limit)
    while len(found) < count:
        limit *= 1.1
        found, weight = _under(space, limit)
    order = np.lexsort((*found.T[::-1], np.round(weight, 9)))[:count]
    used = np.flatnonzero(found[order].any(axis=0))
    return np.ascontiguousarray(found[order][:, : (used.max(initial=0) + 1)])


@dataclass(frozen=True, eq=False)
class Levels:
    """The values γ takes, and how many blocks and basis functions lie on each; arrays of one shape (number,)."""

    gamma: Array
    blocks: Array
    functions: Array

    def count(self, level: npt.ArrayLike) -> Array:
        """Return G(T) = Σ_{γ < T} functions."""
        return self._sum(self.functions, level)

    def tail(self, level: npt.ArrayLike, decay: float = 2.0) -> Array:
        """Return Σ_{γ ≥ T} blocks · 2^{−decay γ}, up to the last level held: the energy that the block law leaves."""
        if not 0 < decay < math.inf:
            raise ValueError(f"the decay of a tail must be positive and finite, got {decay:g}")
        terms = (self.blocks * np.exp2(-decay * self.gamma))[::-1]
        summed = np.concatenate([[0.0], np.cumsum(terms)])
        return np.asarray(summed[len(terms) - np.searchsorted(self.gamma, self._known(level) - 1e-9)])

    @staticmethod
    def _known(level: npt.ArrayLike) -> Array:
        wanted = np.asarray(level, float)
        if np.any(np.isnan(wanted)):
            raise ValueError("a level T must be a number, got nan")
        return wanted

    def _sum(self, values: Array, level: npt.ArrayLike) -> Array:
        summed = np.concatenate([[0.0], np.cumsum(values)])
        return np.asarray(summed[np.searchsorted(self.gamma, self._known(level) - 1e-9)])


def levels(space: GammaSpace, limit: float) -> Levels:
    """Return the levels γ < limit, to nine decimals, without listing blocks: one coordinate after the other."""
    first = float(space.weights.first(1)[0])
    if not 0 < limit <= _OCTAVES * first:
        raise ValueError(
            f"levels are listed for 0 < T ≤ {_OCTAVES} a_1 = {_OCTAVES * first:g}, numbers of functions would not fit"
            f" into a float, got {limit:g}"
        )
    table = {0.0: (1.0, 1.0)}
    for value in space.weights.below(limit):
        grown: dict[float, tuple[float, float]] = {}
        for s in range(steps_below(limit, value)):
            for gamma, (number, size) in table.items():
                at = round(gamma + s * value if space.kind == "mixed" else max(gamma, s * value), 9)
                if at < limit - 1e-9:
                    before = grown.get(at, (0.0, 0.0))
                    grown[at] = (before[0] + number, before[1] + size * 2.0**s)
        table = grown
    order = sorted(table)
    counts = np.array([table[gamma] for gamma in order])
    return Levels(np.array(order), counts[:, 0], counts[:, 1])


def _require_listed(number: float, what: str) -> None:
    if number > _MOST:
        raise ValueError(f"{number:.3g} {what} are too many to list: at most {_MOST:.3g}")


def _one_side(s: int) -> Indices:
    low, high = int(2.0 ** (s - 1)), 2**s
    return np.concatenate([np.arange(1 - high, 1 - low), np.arange(low, high)]) if s else np.zeros(1, np.int64)


def _under(space: GammaSpace, limit: float) -> tuple[Indices, Array]:
    """Return all l with a continuous weight ≤ limit, and the weights."""
    found, used = np.zeros((1, 0), np.int64), np.zeros(1)
    for value in space.weights.below(limit * (1 + 1e-12)):
        most = math.floor(2 ** (limit / value) - 1 + 1e-9)
        entries = np.concatenate([[0], np.repeat(np.arange(1, most + 1), 2)])
        entries[2::2] *= -1
        weighted = space.joined(used[:, None], value * np.log2(1.0 + np.abs(entries)))
        rows, columns = np.nonzero(weighted <= limit + 1e-9)
        found, used = np.column_stack([found[rows], entries[columns]]), weighted[rows, columns]
    return found, used
