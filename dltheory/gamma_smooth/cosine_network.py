"""ReLU networks for products of sines and cosines: tent maps fold, products make a cosine, a tree multiplies.

All waves are held as a = (1 + cos)/2 in [0, 1]. With u = lx/2^J for a cosine and (lx + 3/4)/2^J for a sine, l < 2^J,
and the tent map g(u) = min(2u, 2 − 2u), cos(2πlx) = cos(π g^{J+1}(u)); and (1 + cos πu)/2 = 1 + Σ_k c_k w^k with
w = u² and c_k = (−1)^k π^{2k}/(2 (2k)!), powers one after the other by the product block. Signs need no second
network: (1 + c c')/2 = 1 − a − a' + 2aa'.

Derived; to fold by tent maps is what known networks for sines do (recalled). With δ = 4^{−i}/4 for products of depth i,
w^k is off by (2k − 1)δ, a by 12.85 δ and the first term left out, and a product of r waves in [−1, 1] by r times what a
wave is, and 4δ for each of its r − 1 products.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from dltheory.relu.network import ReLUNetwork, affine, beside, carry, layers
from dltheory.relu.product import Numbers, multiplication, multiply, positive, product_error, smaller

Array = npt.NDArray[np.float64]
AMPLIFICATION = (math.pi * math.sinh(math.pi) - math.cosh(math.pi) + 1) / 2  # Σ |c_k| (2k − 1)
_FOLDS = 1024  # a frequency of more octaves is no float
_OFFSET = 2.0  # partial sums lie above −1.5: moved by this they pass a ReLU
SINE = 0.75  # sin(2πlx) = cos(2π(lx + 3/4))


def coefficients(terms: int) -> Array:
    """Return c_0 … c_M, M = `terms`."""
    _require_whole("a polynomial for the cosine has", "terms", terms)
    return np.array([(-1) ** k * math.exp(_log_coefficient(k)) for k in range(terms + 1)])


def remainder(terms: int) -> float:
    """Return |c_{M+1}|, which bounds what M terms leave out: they alternate in sign and fall in size from k = 1 on."""
    _require_whole("a polynomial for the cosine has", "terms", terms)
    return math.exp(_log_coefficient(terms + 1))


def wave_error(bits: int, terms: int) -> float:
    """Return the bound of the error of a = (1 + cos)/2 for products of depth i and M terms."""
    _require_whole("a product has", "sawteeth", bits)
    return AMPLIFICATION * product_error(bits) + remainder(terms)


def feature_error(factors: int, bits: int, terms: int) -> float:
    """Return the bound of the error of 2^{r/2} Π cos over r = `factors` coordinates."""
    if factors == 0:
        return 0.0
    _require_whole("a product has", "factors", factors)
    off = factors * 2 * wave_error(bits, terms) + (factors - 1) * 4 * product_error(bits)
    return math.sqrt(2.0**factors) * off


def prescribed(factors: int, precision: float) -> tuple[int, int]:
    """Return the least (i, M) for which either half of `feature_error` is at most 2^{−precision}/2.

    `precision` is −log₂ of the accuracy of one basis function; what comes out may be beyond any floating-point number.
    """
    _require_whole("a product has", "factors", factors)
    if not 0 < precision < math.inf:
        raise ValueError(f"the accuracy of a wave is below 1, 2^−precision with precision > 0, got {precision:g}")
    wanted = -precision - 1 - factors / 2
    share = 2 * factors * AMPLIFICATION + 4 * (factors - 1)
    bits = max(1, math.ceil((math.log2(share) - 2 - wanted) / 2))
    terms = 1
    while (_log_coefficient(terms + 1) + math.log(2 * factors)) / math.log(2) > wanted:
        terms += 1
    return bits, terms


def wave(octaves: int, bits: int, terms: int) -> ReLUNetwork:
    """Return u ↦ (1 + cos(2π 2^J u))/2 for u in [0, 1], J = `octaves`: J + 1 folds, M products of depth i, a clip."""
    _require_octaves(octaves)
    network = _fold()
    for _ in range(octaves):
        network = network.then(_fold())
    return network.then(_half_cosine(bits, terms))


def wave_depth(octaves: int, bits: int, terms: int) -> int:
    """Return the number of affine maps of `wave`: J + 4 + M(i + 4)."""
    _require_octaves(octaves)
    return octaves + 4 + terms * (bits + 4)


def signed_product(factors: int, bits: int) -> ReLUNetwork:
    """Return (1 + Π c_j)/2 of r inputs (1 + c_j)/2 by a binary tree, padded with ones, each product of depth i."""
    _require_whole("a product has", "factors", factors)
    leaves = 1 << (factors - 1).bit_length()
    network = affine(np.eye(leaves, factors), np.arange(leaves) >= factors)
    while leaves > 1:
        leaves //= 2
        network = network.then(_signed_multiplication(bits).copies(leaves))
    return network


def product_depth(factors: int, bits: int) -> int:
    """Return the number of affine maps of `signed_product`: 1 + (i + 6)⌈log₂ r⌉."""
    _require_whole("a product has", "factors", factors)
    return 1 + (bits + 6) * (factors - 1).bit_length()


def wave_values(u: Numbers, octaves: int, bits: int, terms: int) -> Numbers:
    """Return what `wave` computes, entry by entry, for an array or a tensor with entries in [0, 1]."""
    for _ in range(octaves + 1):
        u = smaller(2 * u, 2 - 2 * u)
    w = multiply(u, u, bits)
    c = coefficients(terms)
    total, power = float(c[0]) + float(c[1]) * w, w
    for k in range(2, terms + 1):
        power = multiply(power, w, bits)
        total += float(c[k]) * power
    return positive(1 - positive(1 - total))


def signed_multiply(a: Numbers, b: Numbers, bits: int) -> Numbers:
    """Return (1 + c c')/2 from (1 + c)/2 and (1 + c')/2, entry by entry, in [0, 1]."""
    return positive(1 - positive(a + b - 2 * multiply(a, b, bits)))


def _fold() -> ReLUNetwork:
    """Return the tent map on [0, 1]."""
    return layers(([[1.0], [1.0]], [0.0, -0.5]), ([[2.0, -4.0]], 0.0))


def _half_cosine(bits: int, terms: int) -> ReLUNetwork:
    """Return u ↦ (1 + cos πu)/2 on [0, 1]; wires between products are (w, w^k, sum + 2)."""
    c = coefficients(terms)
    square = affine(np.ones((2, 1))).then(multiplication(bits))
    network = square.then(affine([[1.0], [1.0], [c[1]]], [0.0, 0.0, c[0] + _OFFSET]))
    block = multiplication(bits)
    fan = affine([[0, 1, 0], [1, 0, 0], [1, 0, 0], [0, 0, 1]])
    step = fan.then(beside(block, carry(2, len(block.weights))))
    for k in range(2, terms + 1):
        network = network.then(step).then(affine([[0, 1, 0], [1, 0, 0], [c[k], 0, 1]]))
    return network.then(layers(([[0, 0, -1.0]], 1 + _OFFSET), ([[-1.0]], 1.0), ([[1.0]], 0.0)))


def _signed_multiplication(bits: int) -> ReLUNetwork:
    block = multiplication(bits)
    product = affine([[1, 0], [0, 1], [1, 1]]).then(beside(block, carry(1, len(block.weights))))
    return product.then(layers(([[-2.0, 1.0]], 0.0), ([[-1.0]], 1.0), ([[1.0]], 0.0)))


def _log_coefficient(k: int) -> float:
    """Return log |c_k|; c_0 = 1 is the sum of two halves."""
    return 2 * k * math.log(math.pi) - math.lgamma(2 * k + 1) - (math.log(2) if k else 0.0)


def _require_octaves(octaves: int) -> None:
    if not 0 <= octaves <= _FOLDS or octaves % 1:
        raise ValueError(f"the octaves of a wave are a whole number from 0 to {_FOLDS}, got {octaves}")


def _require_whole(what: str, name: str, value: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 1:
        raise ValueError(f"{what} a whole number of {name}, at least 1, got {value!r}")
