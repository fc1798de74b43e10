"""The constructive ReLU network of the approximation theorem: B-splines from products, and N of them side by side.

A univariate atom is ψ(t) = Σ_j w_j Mult(u_j, …, u_j) with u_j = (t_c − j)_+/(m + 1), t_c = t clipped to [0, m + 1] and
w_j = (−1)^j C(m + 1, j) (m + 1)^m/m!, cut off by max(0, min(ψ, (t)_+, (m + 1 − t)_+)): exactly zero outside of the
support, and without a further error since N_m has Lipschitz constant 1. A tensor atom is the product of d of them.

"powers" is this construction (Suzuki & Nitanda 2021, recalled; cut-off derived here). "recursion" is ours: the
recursion of Cox and de Boor with the same product block, which loses less accuracy at a high degree.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt
from scipy import sparse

from dltheory.besov.smoothness import Smoothness
from dltheory.besov.spline_network_shared import evaluate
from dltheory.besov.terms import Level, SplineSeries
from dltheory.relu.network import ReLUNetwork, Sizes, affine, beside, carry, layers
from dltheory.relu.product import GUARD, multiplication, product, require_bits

Array = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Variant = Literal["powers", "recursion"]


@dataclass(frozen=True, eq=False)
class SplineNetwork:
    """The network of a spline series: multiplication depth i = `bits`, univariate blocks by `variant`.

    Calling it evaluates it with shared blocks: seconds for thousands of atoms. `compile` gives the explicit layers.
    """

    series: SplineSeries
    bits: int
    variant: Variant = "powers"

    def __post_init__(self) -> None:
        require_network(self.series.order, self.bits, self.variant)

    @classmethod
    def from_theory(cls, series: SplineSeries, smoothness: Smoothness, variant: Variant = "powers") -> SplineNetwork:
        """Return the network with i for an accuracy of N^{−s̃}/log N; ValueError where m is too low for s."""
        smoothness.require_spline_order(series.order)
        bits = prescribed_bits(series.order, series.dimension, accuracy(smoothness, series.count))
        return cls(series, bits, variant)

    def __call__(self, x: npt.ArrayLike, device: str = "cpu", dtype: npt.DTypeLike = "float64") -> Array:
        """Return the values at points x (n, d) of the unit cube, shape (n,).

        With numpy on the CPU, with torch on any other device. ValueError for float32 with more bits than it can show.
        """
        return evaluate(self.series, self.bits, self.variant, x, device, dtype)

    def compile(self, shared: bool = False) -> ReLUNetwork:
        """Return explicit layers, every atom with univariate blocks of its own, or `shared` by all that use one."""
        return (_compiled_shared if shared else _compiled)(self.series, self.bits, self.variant)


def require_network(order: int, bits: int, variant: str) -> None:
    """Raise ValueError unless degree, multiplication depth and variant are those of a network."""
    require_bits(bits)
    if isinstance(order, bool) or not isinstance(order, int | np.integer) or order < 1:
        raise ValueError(f"a network of splines has a whole degree, at least 1, got {order!r}")
    if variant not in get_args(Variant):
        raise ValueError(f"univariate blocks are built by {' or '.join(get_args(Variant))}, got {variant!r}")


def _require_counts(*counts: tuple[str, int]) -> None:
    for name, value in counts:
        if not (value >= 1 and value % 1 == 0):
            raise ValueError(f"the {name} of a network is a whole number, at least 1, got {value}")


def weights(order: int) -> Array:
    """Return w_j = (−1)^j C(m + 1, j) (m + 1)^m/m!, j = 0 … m + 1."""
    scale = (order + 1) ** order / math.factorial(order)
    return np.array([(-1) ** j * math.comb(order + 1, j) * scale for j in range(order + 2)])


def univariate(order: int, bits: int, variant: Variant = "powers") -> ReLUNetwork:
    """Return t ↦ N_m(t) up to the error of the products, exactly zero outside of (0, m + 1)."""
    require_network(order, bits, variant)
    return _by_powers(order, bits) if variant == "powers" else _by_recursion(order, bits)


def atom(dimension: int, order: int, bits: int, variant: Variant = "powers") -> ReLUNetwork:
    """Return (t_1, …, t_d) ↦ Π_i N_m(t_i) up to the error of the products, exactly zero outside of its support."""
    return univariate(order, bits, variant).copies(dimension).then(product(dimension, bits, GUARD))


def accuracy(smoothness: Smoothness, terms: float) -> float:
    """Return the accuracy ε = N^{−s̃}/log N of one atom (natural logarithm): log N levels overlap at a point."""
    if not 2 <= terms < math.inf:
        raise ValueError(f"an N-term network has at least two terms, got {terms:g}")
    return float(terms**-smoothness.mean / math.log(terms))


def prescribed_bits(order: int, dimension: int, epsilon: float) -> int:
    """Return i = ⌈log₂(3^{max(d, m)}/ε)⌉: the theorem's with its constant c_{d,m} = 1. Recalled."""
    if not 0 < epsilon < 1:
        raise ValueError(f"the accuracy of an atom lies between 0 and 1, got {epsilon:g}")
    _require_counts(("degree", order), ("dimension", dimension))
    return math.ceil(max(dimension, order) * math.log2(3) - math.log2(epsilon))


def prescribed_sizes(order: int, dimension: int, bits: int, terms: int = 1) -> Sizes:
    """Return the sizes that the theorem allows N terms, input scalings apart. Recalled.

    L = 3 + 2(i + 5)⌈log₂ max(d, m)⌉, W = N W_0 with W_0 = 6dm(m + 2) + 2d, S = ((L − 1) W_0² + 1) N (L W_0² for one
    atom), B = 2(m + 1)^m.
    """
    _require_counts(("degree", order), ("dimension", dimension), ("product depth", bits), ("number of terms", terms))
    depth = 3 + 2 * (bits + 5) * math.ceil(math.log2(max(dimension, order)))
    width = 6 * dimension * order * (order + 2) + 2 * dimension
    nonzeros = depth * width**2 if terms == 1 else ((depth - 1) * width**2 + 1) * terms
    return Sizes(depth, terms * width, nonzeros, 2.0 * (order + 1) ** order)


def compiled_depth(order: int, dimension: int, bits: int) -> int:
    """Return the number of affine maps of the compiled network, "powers": 5 + (i + 4)(⌈log₂ m⌉ + ⌈log₂ d⌉).

    Stages share the affine map at which they meet, and the cut-off takes two layers. At most the prescribed depth but
    for d = m = 1.
    """
    _require_counts(("degree", order), ("dimension", dimension), ("product depth", bits))
    return 5 + (bits + 4) * ((order - 1).bit_length() + (dimension - 1).bit_length())


def _compiled(series: SplineSeries, bits: int, variant: Variant) -> ReLUNetwork:
    scales, shifts, coefficients = series.terms()
    count, dimension = scales.shape
    inputs = _scaled(np.tile(np.arange(dimension), count), scales.ravel(), shifts.ravel(), dimension)
    atoms = atom(dimension, series.order, bits, variant).copies(count)
    return inputs.then(atoms).then(affine(coefficients[np.newaxis]))


def _compiled_shared(series: SplineSeries, bits: int, variant: Variant) -> ReLUNetwork:
    scales, shifts, coefficients = series.terms()
    count, dimension = scales.shape
    direction = np.tile(np.arange(dimension), count)
    blocks, used = np.unique(np.stack([direction, scales.ravel(), shifts.ravel()]), axis=1, return_inverse=True)
    inputs = _scaled(blocks[0], blocks[1], blocks[2], dimension)
    every = inputs.then(univariate(series.order, bits, variant).copies(blocks.shape[1]))
    ones = (np.ones(count * dimension), (np.arange(count * dimension), used.ravel()))
    chosen = affine(sparse.csr_array(ones, shape=(count * dimension, blocks.shape[1])))
    products = product(dimension, bits, GUARD).copies(count)
    return every.then(chosen).then(products).then(affine(coefficients[np.newaxis]))


def _scaled(direction: Integers, scale: Integers, shift: Integers, dimension: int) -> ReLUNetwork:
    """Return x ↦ K x_i − j, one output for each (i, K, j)."""
    places = (np.arange(len(direction)), direction)
    return affine(
        sparse.csr_array((scale.astype(float), places), shape=(len(direction), dimension)), -shift.astype(float)
    )


def _by_powers(order: int, bits: int) -> ReLUNetwork:
    top, knots = order + 1.0, np.arange(order + 2.0)
    clip = ([[1.0], [1.0], [-1.0]], [0.0, -top, top])  # (t)_+, (t − m − 1)_+, (m + 1 − t)_+
    steps = [[1 / top, -1 / top, 0.0]] * len(knots) + [[1.0, 0.0, 0.0], [1.0, 0.0, -1.0]]
    # u_j, then t_+ and (t_+ − (m + 1 − t)_+)_+, whose difference is the smaller of the two
    factors = np.kron(np.eye(len(knots)), np.ones((order, 1)))
    fan = np.zeros((len(factors) + 1, len(knots) + 2))
    fan[:-1, :-2], fan[-1, -2:] = factors, (1.0, -1.0)
    start = layers(clip, (steps, [*(-knots / top), 0.0, 0.0]), (fan, 0.0))
    power = product(order, bits)
    side = carry(1, len(power.weights))
    return start.then(beside(power.copies(len(knots)), side)).then(_cut_off(weights(order)))


def _cut_off(coefficients: Array) -> ReLUNetwork:
    """Return max(0, min(ψ, r)) for ψ = Σ c_j P_j from (P_0, …, r) with r ≥ 0: r − (r − ψ)_+, and its positive part."""
    still = np.zeros(len(coefficients) + 1)
    still[-1] = 1.0
    return layers(([still, [*(-coefficients), 1.0]], 0.0), ([[1.0, -1.0]], 0.0), ([[1.0]], 0.0))


def _by_recursion(order: int, bits: int) -> ReLUNetwork:
    top = order + 1.0
    clip = ([[1.0], [1.0], [-1.0]], [0.0, -top, top])
    hats = range(order)  # N_1(t − a) = (t_c − a)_+ − 2(t_c − a − 1)_+ + (t_c − a − 2)_+, from ramps at 0 … m + 1
    ramps = [[1.0, -1.0, 0.0]] * (order + 2)
    wires = [*ramps, [1.0, 0.0, -1.0]]  # the first ramp is t_c itself, and t_+ where t ≤ m + 1
    mix = np.zeros((order + 2, order + 3))
    mix[0, 0] = 1.0
    for a in hats:
        mix[1 + a, a : a + 3] = (1.0, -2.0, 1.0)
    mix[-1, 0], mix[-1, -1] = 1.0, -1.0
    network = layers(clip, (wires, [*(-np.arange(order + 2.0)), 0.0]), (mix, 0.0))
    for r in range(2, order + 1):
        network = network.then(_recursion_stage(order, r, bits))
    return network.then(_drop_first(order)).then(_cut_off(np.ones(1)))


def _drop_first(order: int) -> ReLUNetwork:
    """Return (ψ, r) from (t_c, ψ, r)."""
    return affine(np.eye(3)[1:])


def _recursion_stage(order: int, r: int, bits: int) -> ReLUNetwork:
    """Return (t_c, N_{r−1}(t − a), gate) ↦ (t_c, N_r(t − a), gate), with a = 0 … m − r + 1 before and … m − r after.

    N_r(y) = ((r + 1)/r) (Mult(y/(r + 1), N_{r−1}(y)) + Mult(1 − y/(r + 1), N_{r−1}(y − 1))), y clipped to [0, r + 1].
    """
    before, after = order - r + 2, order - r + 1
    eye, ramp = np.eye(before + 2), np.zeros((2 * after, before + 2))
    ramp[:, 0] = 1.0
    knots = np.arange(after)
    opened = (np.vstack([eye, ramp]), [*np.zeros(before + 2), *(-knots), *(-knots - r - 1.0)])
    mix, bias = np.zeros((4 * after + 2, before + 2 + 2 * after)), np.zeros(4 * after + 2)
    for a in range(after):
        share = np.zeros(mix.shape[1])
        share[[before + 2 + a, before + 2 + after + a]] = (1 / (r + 1), -1 / (r + 1))
        mix[4 * a], mix[4 * a + 2], bias[4 * a + 2] = share, -share, 1.0
        mix[4 * a + 1, 1 + a] = mix[4 * a + 3, 2 + a] = 1.0
    mix[-2, 0] = mix[-1, before + 1] = 1.0
    block = multiplication(bits)
    products = beside(block.copies(2 * after), carry(2, len(block.weights)))
    sums = np.zeros((after + 2, 2 * after + 2))
    sums[0, -2] = sums[-1, -1] = 1.0
    for a in range(after):
        sums[1 + a, 2 * a : 2 * a + 2] = (r + 1) / r
    return layers(opened, (mix, bias)).then(products).then(affine(sums))


def one_level(order: int, pieces: tuple[int, ...], coefficients: Array) -> SplineSeries:
    """Return the series of one level."""
    return SplineSeries(order, (Level(pieces, coefficients),))
