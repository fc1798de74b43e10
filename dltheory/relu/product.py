"""Multiplication by ReLU networks: the product block, products of several factors, and the same without layers.

With the sawtooth pieces T^k(u) = (u/2)_+ − (u − 2^{1−2k})_+ and R^k = T^k ∘ … ∘ T^1 the sum Σ_{k≤i} R^k(u) is u(1 − u)
interpolated at the multiples of 2^{−i}, and xy = u_a(1 − u_a) − u_b(1 − u_b) + (x + y)/2 − 1/4 with u_a =
(x − y + 1)/2 and u_b = (x + y)/2. The error on the unit square is 4^{−i}/4 at most, and is attained.

Source: Yarotsky 2017; Schmidt-Hieber 2020, lemma on products, whose bound is 2^{−i} (restated). The exact error is
derived here.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from dltheory.relu.network import ReLUNetwork, affine, layers

Numbers: TypeAlias = Any  # a numpy array or a torch tensor
LARGEST_BITS = {"float32": 11, "float64": 25}  # beyond these 4^{−i}/4 is below the rounding of a product
GUARD = 2.0**-50  # moves the clip at zero so far that rounding leaves nothing where a factor is zero


def require_bits(bits: int, dtype: npt.DTypeLike = "float64") -> None:
    """Raise ValueError unless i = `bits` is a whole number, at least 1, whose error the precision can show."""
    if isinstance(bits, bool) or not isinstance(bits, int | np.integer) or bits < 1:
        raise ValueError(f"the multiplication depth i is a whole number, at least 1, got {bits!r}")
    name = np.dtype(dtype).name
    if name not in LARGEST_BITS:
        raise ValueError(f"networks are evaluated in float32 or float64, got {name}")
    if bits > LARGEST_BITS[name]:
        wider = "use float64 or " if name == "float32" else ""
        raise ValueError(
            f"a multiplication depth of {bits} is beyond the error floor of products in {name}: {wider}at most"
            f" {LARGEST_BITS[name]}"
        )


def product_error(bits: int) -> float:
    """Return sup |Mult_i(x, y) − xy| over the unit square, 4^{−i}/4, for i = `bits`."""
    return 0.25 * 4.0**-bits


def multiplication(bits: int, guard: float = 0.0) -> ReLUNetwork:
    """Return Mult_i: two inputs in [0, 1], one output in [0, 1]; width 6, i + 5 affine maps, parameters at most 1.

    Hidden layers: (u_a, u_b, (x + y)/2), i layers of sawteeth with their running sums, the sums, and two that clip.
    """
    require_bits(bits)
    first = ([[0.5, -0.5], [0.5, 0.5], [0.5, 0.5]], [0.5, 0.0, 0.0])
    # wires of a sawtooth layer, for a and for b: (u/2)_+, (u − 2^{1−2k})_+ and the sum of the earlier teeth
    start = [[0.5, 0, 0], [1, 0, 0], [0, 0, 1], [0, 0.5, 0], [0, 1, 0], [0, 0, 0]]
    branch = np.array([[0.5, -0.5, 0], [1, -1, 0], [1, -1, 1]])
    step = np.kron(np.eye(2), branch)
    teeth: list[Any] = [(start if k == 1 else step, _offset(k)) for k in range(1, bits + 1)]
    sums = (np.kron(np.eye(2), [[1.0, -1.0, 1.0]]), [0.0, 0.25])
    clips = (([[-1.0, 1.0]], [1.0]), ([[-1.0]], [1.0 - guard]), ([[1.0]], [0.0]))
    return layers(first, *teeth, sums, *clips)


def _offset(k: int) -> list[float]:
    return [0.0, -(2.0 ** (1 - 2 * k)), 0.0] * 2


def shallow_multiplication(bits: int) -> ReLUNetwork:
    """Return the same function with one hidden layer for the sawteeth: 2^{i+1} kinks in place of i layers of six.

    Not part of any theorem: what the product block would cost without depth.
    """
    require_bits(bits)
    step = 2.0**-bits
    knots = np.arange(2**bits) * step
    slopes = np.where(knots > 0, -2 * step, 1 - step)  # of u(1 − u) between its knots, as changes at them
    a, b = np.array([0.5, -0.5]), np.array([0.5, 0.5])
    kinks = np.vstack([np.tile(a, (len(knots), 1)), np.tile(b, (len(knots), 1)), b])
    summed = np.concatenate([-slopes, slopes, [-1.0]])[np.newaxis]
    return layers((kinks, [*(0.5 - knots), *(-knots), 0.0]), (summed, [1.25]), ([[-1.0]], [1.0]), ([[1.0]], [0.0]))


def product(factors: int, bits: int, guard: float = 0.0) -> ReLUNetwork:
    """Return the product of r inputs in [0, 1] by a binary tree: ⌈log₂ r⌉ stages, padded with ones.

    Mult_i(x, 1) = x without error, so that the padding costs size only. Error at most (r − 1) 4^{−i}/4: a stage
    adds its own to those of its two factors, which are at most 1. Derived.
    """
    if isinstance(factors, bool) or not isinstance(factors, int | np.integer) or factors < 1:
        raise ValueError(f"a product has a whole number of factors, at least 1, got {factors!r}")
    require_bits(bits)
    leaves = 1 << (int(factors) - 1).bit_length()
    network = affine(np.eye(leaves, factors), np.arange(leaves) >= factors)
    while leaves > 1:
        leaves //= 2
        network = network.then(multiplication(bits, guard).copies(leaves))
    return network


def product_bound(factors: int, bits: int) -> float:
    """Return the lemma's bound of the error: 2^{−i} for two factors (restated), 3^r 2^{−i} for more (recalled)."""
    return 2.0**-bits * (1.0 if factors <= 2 else 3.0**factors)


def multiply(x: Numbers, y: Numbers, bits: int, guard: float = 0.0) -> Numbers:
    """Return Mult_i(x, y) entry by entry, for arrays or tensors of one shape with entries in [0, 1].

    What the network computes, up to rounding: in place of layers, i steps of a recursion, on whatever device they are.
    """
    a, b = (x - y) / 2 + 0.5, (x + y) / 2
    total = b - 0.25
    for k in range(1, bits + 1):
        a, b = _tooth(a, k), _tooth(b, k)
        total += a
        total -= b
    return positive((1.0 - guard) - positive(1.0 - total))


def multiply_all(factors: Numbers, bits: int, guard: float = 0.0) -> Numbers:
    """Return the product over the first axis of `factors` (r, …) by the tree of `product`, shape (…)."""
    if not len(factors):
        raise ValueError("a product has at least one factor, got none")
    while len(factors) > 1:
        even = len(factors) - len(factors) % 2
        paired = multiply(factors[0:even:2], factors[1:even:2], bits, guard)
        factors = paired if even == len(factors) else _joined(paired, factors[even:])  # Mult_i(x, 1) = x
    return factors[0]


def positive(z: Numbers) -> Numbers:
    """Return (z)_+ of an array or a tensor."""
    return np.maximum(z, 0.0) if isinstance(z, np.ndarray) else z.clamp(min=0.0)


def smaller(x: Numbers, y: Numbers) -> Numbers:
    """Return min(x, y) entry by entry, of arrays or tensors."""
    return np.minimum(x, y) if isinstance(x, np.ndarray) else x.minimum(y)


def _tooth(u: Numbers, k: int) -> Numbers:
    """Return T^k(u) on its domain [0, 2^{2−2k}], where it is min(u/2, 2^{1−2k} − u/2)."""
    half = u / 2
    return smaller(half, 2.0 ** (1 - 2 * k) - half)


def _joined(left: Numbers, right: Numbers) -> Numbers:
    if isinstance(left, np.ndarray):
        return np.concatenate([left, right])
    import torch

    return torch.cat([left, right])
