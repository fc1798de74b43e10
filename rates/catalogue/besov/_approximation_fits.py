"""What the claims on the network itself measure: the sizes of the compile, and fits to noisy samples."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

from rates.catalogue.besov._approximation_problems import Grid, amplitudes, cosine_values
from rates.streams import Stream

if TYPE_CHECKING:
    from dltheory.besov.smoothness import Smoothness
    from dltheory.besov.spline_network import SplineNetwork
    from dltheory.besov.terms import SplineSeries

Array = npt.NDArray[np.float64]
Layout = Literal["own", "shared", "series", "dense"]
Size = Literal["depth", "non-zeros"]
Tied = Literal["atoms", "univariate", "none", "dense"]
DEGREE, LOWEST, BOUND = 3, 16, 6.0  # of the splines; frequencies of direction 2 of the target; clip of a prediction


def _smoothness() -> Smoothness:
    from dltheory.besov.smoothness import Smoothness

    return Smoothness((1.0, 2.0))


def depth(terms: Array, *, layout: Layout = "own", power: float = 0.0) -> Array:
    """Return the number of affine maps of the compiled N-term network with i for an accuracy of N^{−s̃}/log N.

    For controls i is N^`power`, or the terms come one after the other ("series").
    """
    from dltheory.besov.spline_network import compiled_depth

    found = []
    for n in terms:
        if power:
            found.append(compiled_depth(DEGREE, 2, math.ceil(n**power)))
            continue
        maps = _network(int(n)).compile(shared=True).sizes.depth
        found.append(maps * int(n) if layout == "series" else maps)
    return np.array(found, float)


def nonzeros(terms: Array, *, layout: Layout = "own", shallow: bool = False, power: float = 0.0) -> Array:
    """Return the number of parameters of the compiled N-term network that are not zero.

    "shared" lets atoms use the same univariate blocks; "dense" counts every entry of the matrices. `shallow` counts
    products with one hidden layer each, of the same function. For a control i is N^`power`: every sawtooth has the
    same parameters, so that two small networks tell.
    """
    from dltheory.besov.spline_network import SplineNetwork
    from dltheory.relu.product import shallow_multiplication

    found = []
    for n in terms:
        built = _network(int(n))
        if shallow:
            # a univariate block has m + 2 powers of 3 products (degree 3 is a tree of 4), and there is one more
            products = 2 * (DEGREE + 2) * 3 + 1
            found.append(int(n) * products * shallow_multiplication(built.bits).sizes.nonzeros)
            continue
        if power:
            two, three = (SplineNetwork(built.series, bits).compile(layout == "shared").sizes for bits in (2, 3))
            found.append(two.nonzeros + (math.ceil(n**power) - 2) * (three.nonzeros - two.nonzeros))
            continue
        network = built.compile(layout == "shared")
        stored = sum(math.prod(w.shape) for w in network.weights)
        found.append(stored if layout == "dense" else network.sizes.nonzeros)
    return np.array(found, float)


def free_parameters(terms: Array, *, tied: Tied = "atoms") -> Array:
    """Return the free parameters of the N-term network whose atoms are copies of one block.

    The block's own, and for every atom d scales, d shifts and an output weight. For controls only univariate blocks
    are copies of one ("univariate"), or every block has its own ("none"), or all entries of their matrices ("dense").
    """
    from dltheory.besov.spline_network import accuracy, atom, prescribed_bits, univariate
    from dltheory.relu.product import product

    found = []
    for n in terms:
        bits = prescribed_bits(DEGREE, 2, accuracy(_smoothness(), n))
        block = atom(2, DEGREE, bits)
        single, join = univariate(DEGREE, bits).sizes.nonzeros, product(2, bits).sizes.nonzeros
        entries = sum(math.prod(weight.shape) for weight in block.weights)
        own = {"atoms": block.sizes.nonzeros, "univariate": single + n * join, "none": n * block.sizes.nonzeros,
               "dense": n**2 * entries}[tied]  # fmt: skip
        found.append(own + (2 * 2 + 1) * n)
    return np.array(found, float)


def size(terms: Array, *, what: Size, layout: Layout = "own", power: float = 0.0) -> Array:
    """Return depth or non-zeros of the compiled network, with the knobs of either."""
    return depth(terms, layout=layout, power=power) if what == "depth" else nonzeros(terms, layout=layout)


def prescribed_size(terms: Array, *, what: Size) -> Array:
    """Return what the theorem allows at the same N."""
    from dltheory.besov.spline_network import prescribed_sizes

    found = [prescribed_sizes(DEGREE, 2, _network(int(n)).bits, int(n)) for n in terms]
    return np.array([sizes.depth if what == "depth" else sizes.nonzeros for sizes in found], float)


def _network(terms: int) -> SplineNetwork:
    from dltheory.besov.spline_network import SplineNetwork

    return SplineNetwork.from_theory(_first_atoms(terms), _smoothness())


def _first_atoms(terms: int) -> SplineSeries:
    """Return a series of exactly N atoms of one level, coefficients 1."""
    from dltheory.besov.terms import Level, SplineSeries, resolution

    pieces = resolution(_smoothness(), terms)
    shape = tuple(k + DEGREE for k in pieces)
    return SplineSeries(DEGREE, (Level(pieces, (np.arange(math.prod(shape)) < terms).reshape(shape).astype(float)),))


def refitted_risk(
    n: int, streams: Sequence[Stream], *, noise: float, power: float = 0.0, bits: int = 0, pieces: int = 0,
    grid: Grid = "theory",
) -> Array:  # fmt: skip
    """Fit the output layer of the constructive network to n samples; return the risk over 1024 new points, (R,).

    About 3n^{1/(2s̃ + 1)} atoms; predictions are cut off at ± 6. For controls their number grows like n^`power` from the
    same start at n = 512, the multiplication depth is `bits`, or K = (`pieces`, 1).
    """
    from dltheory.besov.spline_network_fit import RefittedNetwork
    from dltheory.besov.terms import resolution_of_atoms

    network = RefittedNetwork.from_theory(_smoothness(), n, DEGREE, scale=3.0)
    chosen = network.pieces[::-1] if grid == "reversed" else network.pieces
    if power:
        start = RefittedNetwork.from_theory(_smoothness(), 512, DEGREE, scale=3.0).count
        chosen = resolution_of_atoms(_smoothness(), DEGREE, start * (n / 512) ** power)
    if pieces:
        chosen = (pieces, 1)
    network = RefittedNetwork(DEGREE, chosen, bits or network.bits)
    found = []
    for stream in streams:
        target, x, y, points = _samples(stream, n, noise)
        off = np.clip(network.fit(x, y)(points), -BOUND, BOUND) - cosine_values(target, points)
        found.append(float(np.mean(off**2)))
    return np.array(found)


def trained_risk(
    n: int, streams: Sequence[Stream], *, noise: float, width: int = 24, steps: int = 300, shuffled: bool = False,
    device: str = "cpu",
) -> Array:  # fmt: skip
    """Train networks of 4 layers on n samples by Adam; return their risk over 1024 new points, (R,).

    Predictions are cut off at ± 6. For controls labels are `shuffled`.
    """
    from dltheory.besov.trained import AdamTraining

    drawn = [_samples(stream, n, noise) for stream in streams]
    labels = [
        s.numpy("shuffle").permutation(y) if shuffled else y for s, (_, _, y, _) in zip(streams, drawn, strict=True)
    ]
    training = AdamTraining(width, depth=4, steps=steps, step_size=0.02)
    inputs = np.stack([x for _, x, _, _ in drawn])
    networks = training.fit(inputs, np.stack(labels), [s.numpy("initialisation") for s in streams], device)
    values = np.clip(networks(np.stack([points for *_, points in drawn])), -BOUND, BOUND)
    truth = np.stack([cosine_values(target, points) for target, _, _, points in drawn])
    return np.asarray(np.mean((values - truth) ** 2, axis=1))


def _samples(stream: Stream, n: int, noise: float) -> tuple[Array, Array, Array, Array]:
    """Return coefficients of the target, inputs (n, 2), noisy labels (n,) and 1024 points; nested in n."""
    size = amplitudes(2.0, LOWEST)[0]
    target = size * (stream.numpy("signs").integers(0, 2, size.shape) * 2.0 - 1.0)
    x = stream.numpy("inputs").random((n, 2))
    y = cosine_values(target, x) + noise * stream.numpy("noise").standard_normal(n)
    return target, x, y, stream.numpy("points").random((1024, 2))
