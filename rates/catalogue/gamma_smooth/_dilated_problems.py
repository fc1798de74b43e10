"""What the claims on dilated convolutions measure: counted sizes, picked coordinates, and risks of what is learnt.

A target has random signs and its important coordinates at random places, drawn anew by every replicate. Places are
counted from 1, as in the theorem.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

from rates.catalogue.gamma_smooth._selection_fits import sieve
from rates.catalogue.gamma_smooth._spaces import power_space
from rates.streams import Stream

if TYPE_CHECKING:
    from dltheory.gamma_smooth.convolution import DilatedConvolution
    from dltheory.gamma_smooth.fourier import FourierSeries
    from dltheory.gamma_smooth.space import Kind
    from dltheory.gamma_smooth.sparse_sizes import Growth
    from dltheory.gamma_smooth.targets import RankTarget

Array = npt.NDArray[np.float64]
Layout = Literal["dilated", "ordinary", "undilated"]
Digits = Literal["theory", "undilated", "short", "wrong", "ordinary"]
Count = Literal["layers", "entries"]
Entry = Literal["width", "magnitude"]
POINTS, REACH, TERMS, SMOOTHNESS = 512, 8.0, 512, 1.0
PICKED, SEEN, SEARCHED = 6, 4, 4  # layers: 3^L' candidate places each
DRAWS = 8  # of places, where the number does not depend on them
FREQUENCIES, SINES = 256, 8  # coefficients of a target with one coordinate: fitted by series, and by a network


def channels(m: Array, *, q: float, growth: Growth = "logarithm", decay: float = 1.0) -> Array:
    """Return C' at n = 2^m samples, T = m/3 as for a_{i_1} = 1 and mixed γ: one channel a coordinate with a_i < T.

    For controls the smoothness grows like j^{q · `decay`}, or places are in order.
    """
    return np.array([len(places) for places in _chosen(m, np.random.default_rng(0), q * decay, growth)], float)


def size(
    m: Array, streams: Sequence[Stream], *, what: Count, q: float, growth: Growth = "logarithm", decay: float = 1.0,
    layout: Layout = "dilated",
) -> Array:  # fmt: skip
    """Return layers or entries of the convolution part at n = 2^m samples, (R, K), with the knobs of `channels`.

    `layout` is, for controls, one ordinary layer as wide or a stack without dilation as deep as the places ask for.
    """
    from dltheory.gamma_smooth.sparse_sizes import ordinary_sizes, sizes_of, undilated_layers

    found = []
    for stream in streams:
        chosen = _chosen(m, stream.numpy("places"), q * decay, growth)
        if layout == "ordinary":
            sizes = [ordinary_sizes(places) for places in chosen]
        else:
            deep = layout == "undilated"
            sizes = [sizes_of(places, layers=undilated_layers(max(places)) if deep else None) for places in chosen]
        found.append([getattr(each, what) for each in sizes])
    return np.array(found, float)


def filters(m: Array, *, what: Entry, digits: Digits = "theory", base: int = 3, blurred: bool = False) -> Array:
    """Return the width or the largest entry of the filters that are built for n = 2^m, the largest of eight draws."""
    from dltheory.gamma_smooth.convolution import DilatedConvolution
    from dltheory.gamma_smooth.convolution_one_hot import OneHotConvolution
    from dltheory.gamma_smooth.sparse_sizes import sparse_convolution

    found = []
    for seed in range(DRAWS):
        chosen = _chosen(m, np.random.default_rng(seed), 2.0, "logarithm")
        built = [OneHotConvolution.ordinary(p) if digits == "ordinary" else sparse_convolution(p, base) for p in chosen]
        each = [one.convolution for one in built]
        if blurred:
            each = [DilatedConvolution(tuple(np.full_like(w, 1 / w.shape[2]) for w in c.filters)) for c in each]
        found.append([getattr(c.sizes, what) for c in each])
    return np.asarray(np.array(found, float).max(axis=0))


def field_size(layers: Array, *, base: int = 3, width: int = 3) -> Array:
    """Return how many coordinates reach the output of L' layers with dilations `base`^{l−1}, by their weights."""
    from dltheory.gamma_smooth.convolution import DilatedConvolution

    found = []
    for count in layers.astype(int):
        generator = np.random.default_rng(count)
        convolution = DilatedConvolution(tuple(generator.uniform(1, 2, (1, 1, width)) for _ in range(count)))
        convolution = convolution.dilated([base**layer for layer in range(count)])
        found.append(np.count_nonzero(convolution.matrix(convolution.reach + 1)))
    return np.array(found, float)


def whole_field(layers: Array) -> Array:
    """Return 3^{L'}."""
    return np.asarray(3.0**layers)


def picked_error(level: Array, *, kind: Kind, digits: Digits = "theory") -> Array:
    """Return the squared error of the convolution and the series {γ < T} behind it, over that of ordered coordinates.

    a_j = j^{3/2}, blocks up to γ = 8, places among 3^6; both errors at the same 256 points, mean ratio of eight draws.
    """
    from dltheory.gamma_smooth.blocks import block_of
    from dltheory.gamma_smooth.fourier import evaluate
    from dltheory.gamma_smooth.targets import BlockTarget

    space = power_space(kind, 1.5)
    target = BlockTarget(space, REACH)
    gamma = space.gamma(block_of(target.indices))
    found = []
    for seed in range(DRAWS):
        generator = np.random.default_rng(seed)
        places = _places(generator, target.indices.shape[1], PICKED)
        x = generator.random((POINTS // 2, 3**PICKED))
        coefficients = target.draw(generator).coefficients
        ordered = evaluate(target.indices, x[:, np.array(places) - 1]) * coefficients
        network = evaluate(target.indices, picking(places, PICKED, digits)(x)) * coefficients
        truth = ordered.sum(axis=1)
        found.append([
            np.mean((truth - network[:, gamma < t].sum(axis=1)) ** 2)
            / np.mean((truth - ordered[:, gamma < t].sum(axis=1)) ** 2)
            for t in level
        ])  # fmt: skip
    return np.asarray(np.array(found).mean(axis=0))


def picking(places: tuple[int, ...], layers: int, digits: Digits = "theory") -> DilatedConvolution:
    """Return the one-hot convolution of L' layers for the places, or what a mistake makes of it.

    "undilated": dilation 1 in every layer; "short": a layer too few, the last digit lost; "wrong": digits in base 2;
    "ordinary": one layer of wide filters, which is no mistake.
    """
    from dltheory.gamma_smooth.convolution import DilatedConvolution
    from dltheory.gamma_smooth.convolution_one_hot import OneHotConvolution, one_hot_filters

    if digits == "ordinary":
        return OneHotConvolution.ordinary(places).convolution
    if digits == "short":
        return DilatedConvolution(one_hot_filters(places, 3, layers - 1))
    if digits == "wrong":
        return DilatedConvolution(one_hot_filters(places, 3, layers, base=2))
    right = OneHotConvolution.select(places, layers=layers).convolution
    return right.dilated([1] * layers) if digits == "undilated" else right


def sparse_risk(n: int, streams: Sequence[Stream], *, kind: Kind, q: float, noise: float,
                digits: Digits = "theory") -> Array:  # fmt: skip
    """Return the risk of least squares on the first N functions of what the convolution picks among 3^4 places, (R,).

    N = (n/σ²)^{1/(2a† + 1)}, rank law of 512 coefficients, risk over 512 new points.
    """
    from dltheory.gamma_smooth.fourier import evaluate
    from dltheory.least_squares import solve

    target = _ranked(kind, q)
    features = target.indices[: sieve(n, target.space.smoothness, noise)]
    found = []
    for stream in streams:
        places = _places(stream.numpy("places"), target.indices.shape[1], SEEN)
        f = target.draw(stream.numpy("signs"))
        where, convolution = np.array(places) - 1, picking(places, SEEN, digits)
        x, points = stream.numpy("inputs").random((n, 3**SEEN)), stream.numpy("points").random((POINTS, 3**SEEN))
        y = f(x[:, where]) + noise * stream.numpy("noise").standard_normal(n)
        theta = solve(evaluate(features, convolution(x)), y)
        off = evaluate(features, convolution(points)) @ theta - f(points[:, where])
        found.append(float(np.mean(off**2)))
    return np.array(found)


def sparse_risk_mean(n: Array, *, kind: Kind, q: float, noise: float) -> dict[str, Array]:
    """Return bias and variance of least squares on the first N functions of known coordinates."""
    from dltheory.least_squares import expected_parts

    target = _ranked(kind, q)
    kept = [sieve(x, target.space.smoothness, noise) for x in n]
    return expected_parts(target.tail(kept), kept, n, noise)


def one_hot_risk(n: int, streams: Sequence[Stream], *, noise: float = 0.2, layers: int = SEARCHED, base: int = 3,
                 fixed: int = 0) -> Array:  # fmt: skip
    """Return the risk of exact ERM over one-hot filters of `layers` layers and N coefficients behind them, (R,).

    One coordinate matters, beyond what 3·L' = 12 parameters reach without dilation, a = 1; `fixed` is N in a control.
    """
    found = []
    for stream in streams:
        f = _one_coordinate(stream, SEARCHED, FREQUENCIES)
        x, y = _labelled(f, stream, n, noise, 3**SEARCHED)
        found.append(_searched(x, y, f, fixed or sieve(n, SMOOTHNESS, noise), _field(layers, base)))
    return np.array(found)


def one_hot_risk_mean(n: Array, *, noise: float = 0.2, fixed: int = 0) -> dict[str, Array]:
    """Return bias and variance of least squares on the coordinate that matters: to find it costs nothing here."""
    from dltheory.gamma_smooth.additive import HiddenTarget
    from dltheory.least_squares import expected_parts

    kept = [fixed or sieve(x, SMOOTHNESS, noise) for x in n]
    return expected_parts(HiddenTarget(SMOOTHNESS, 1, FREQUENCIES).tail(kept), kept, n, noise)


def unseen_risk(n: int, streams: Sequence[Stream], *, layout: Literal["stack", "wide"], noise: float = 0.2,
                layers: int = SEARCHED, base: int = 1, inside: bool = False) -> Array:  # fmt: skip
    """Return the risk of exact ERM over ordinary one-hot filters over the variance of f, (R,).

    12 parameters: a stack of 4 layers of width 3 and dilation 1 that sees 9 coordinates, or one filter of width 12.
    """
    found = []
    for stream in streams:
        f = _one_coordinate(stream, SEARCHED, FREQUENCIES, inside)
        x, y = _labelled(f, stream, n, noise, 3**SEARCHED)
        field = tuple(range(1, 3 * layers + 1)) if layout == "wide" and base == 1 else _field(layers, base)
        risk = _searched(x, y, f, sieve(n, SMOOTHNESS, noise), field)
        found.append(risk / float(np.sum(f.coefficients**2)))
    return np.array(found)


def receptive_fields(n: int, streams: Sequence[Stream], *, noise: float = 0.2, layers: int = SEARCHED, base: int = 3,
                     inside: bool = False) -> Array:  # fmt: skip
    """Return the risks of ERM over dilated one-hot filters and over undilated ones of as many layers, (R, 2)."""
    found = []
    for stream in streams:
        f = _one_coordinate(stream, SEARCHED, FREQUENCIES, inside)
        x, y = _labelled(f, stream, n, noise, 3**SEARCHED)
        kept = sieve(n, SMOOTHNESS, noise)
        found.append([_searched(x, y, f, kept, _field(*net)) for net in ((layers, base), (SEARCHED, 1))])
    return np.array(found)


def trained_risk(n: int, streams: Sequence[Stream], *, layers: int, noise: float = 0.5, base: int = 3,
                 steps: int = 100, shuffled: bool = False, device: str = "cpu") -> Array:  # fmt: skip
    """Train dilated convolutional networks on n samples by Adam; return their risk over 512 new points, (R,).

    3^L' coordinates, the one that matters not among the 2L' + 1 that are seen without dilation; 8 coefficients, the
    sine of frequency 1 first, which is correlated with the coordinate. For controls labels are `shuffled`.
    """
    from dltheory.gamma_smooth.dilated_training import DilatedTraining
    from dltheory.relu.adam import Adam

    functions = [_one_coordinate(stream, layers, SINES) for stream in streams]
    drawn = [_labelled(f, s, n, noise, 3**layers) for f, s in zip(functions, streams, strict=True)]
    labels = [s.numpy("shuffle").permutation(y) if shuffled else y for s, (_, y) in zip(streams, drawn, strict=True)]
    trial, adam = Adam(min(15, steps), 0.08), Adam(steps, 0.08)
    training = DilatedTraining(layers, base=base, trial=trial, adam=adam)
    networks = training.fit(
        np.stack([x for x, _ in drawn]), np.stack(labels), [s.numpy("initialisation") for s in streams], device
    )
    points = np.stack([s.numpy("points").random((POINTS, 3**layers)) for s in streams])
    truth = np.stack([f(at) for f, at in zip(functions, points, strict=True)])
    return np.asarray(np.mean((networks(points) - truth) ** 2, axis=1))


def _chosen(m: Array, generator: np.random.Generator, q: float, growth: Growth) -> list[tuple[int, ...]]:
    """Return the places of all coordinates with a_i < T(2^m) for every m, nested, κ = 1/2."""
    from dltheory.gamma_smooth.sparse_sizes import ScatteredWeights

    scattered = ScatteredWeights(q, 0.5, growth)
    levels = [power_space("mixed", 1.0).level(2 ** int(x)) for x in m]
    counts = [len(scattered.weights.below(level)) for level in levels]
    places = tuple(itertools.islice(scattered.places(generator), max(counts)))
    return [places[:count] for count in counts]


def _ranked(kind: Kind, q: float) -> RankTarget:
    from dltheory.gamma_smooth.targets import RankTarget

    return RankTarget(power_space(kind, q), TERMS)


def _places(generator: np.random.Generator, count: int, layers: int) -> tuple[int, ...]:
    chosen = generator.choice(3**layers, count, replace=False) + 1
    return tuple(int(place) for place in chosen)


def _field(layers: int, base: int) -> tuple[int, ...]:
    from dltheory.gamma_smooth.convolution import receptive_field

    return receptive_field(layers, 3, base)


def _one_coordinate(stream: Stream, layers: int, count: int, inside: bool = False) -> FourierSeries:
    """Return ±j^{−3/2} on sines and cosines of one of 3^L' coordinates, beyond 3·L' unless `inside` of 2L' + 1."""
    from dltheory.gamma_smooth.fourier import FourierSeries

    low, high = (1, 2 * layers + 1) if inside else (3 * layers + 1, 3**layers)
    place = int(stream.numpy("places").integers(low, high + 1))
    signs = stream.numpy("signs").choice([-1.0, 1.0], count)
    sizes = np.arange(1.0, count + 1) ** -(SMOOTHNESS + 0.5)
    return FourierSeries(_waves(count), signs * sizes, (place - 1,))


def _waves(count: int) -> npt.NDArray[np.int64]:
    """Return frequencies 1, −1, 2, −2, …, (count, 1): the sine first."""
    j = np.arange(1, count + 1)
    return (((j + 1) // 2) * np.where(j % 2, 1, -1))[:, np.newaxis]


def _labelled(f: FourierSeries, stream: Stream, n: int, noise: float, dimension: int) -> tuple[Array, Array]:
    """Return inputs (n, D) and labels (n,), nested in n."""
    x = stream.numpy("inputs").random((n, dimension))
    return x, f(x) + noise * stream.numpy("noise").standard_normal(n)


def _searched(x: Array, y: Array, f: FourierSeries, kept: int, field: tuple[int, ...]) -> float:
    """Return the exact risk of the least-squares series with the smallest residual over the places of the field."""
    from dltheory.gamma_smooth.fourier import FourierSeries, squared_distance
    from dltheory.gamma_smooth.screening import erm

    seen = np.array([place - 1 for place in field if place <= x.shape[1]])
    fitted = erm(x[:, seen], y, _waves(kept))
    placed = FourierSeries(fitted.indices, fitted.coefficients, tuple(int(seen[c]) for c in fitted.coordinates))
    return squared_distance(placed, f)
