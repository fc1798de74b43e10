"""Compiled loops over a cloud of tanh neurons, in blocks of particles (numba, vectorised by LLVM).

A cloud lies feature-major, (p, M): particles fill the vector registers. Of a block of them, parameters and forces and a
tile of activations (data points × particles) stay in the first-level cache, so that nothing of size M·n is written
unless it is to be used twice. Data come in fours and features in a pair
and fours: what is missing is zero.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from dltheory.meanfield.particles_tanh import tanh
from dltheory.vectors import SAFE

TANH, TWO_LAYERS, LINEAR = 0, 1, 2
BLOCK = 256  # particles at most, in single precision; 128 in double
TILE = 16  # data points


@njit(cache=True, fastmath=SAFE, error_model="numpy", inline="always")
def _preactivate(inputs, offsets, block, h):  # type: ignore[no-untyped-def]
    """Fill h (4m, B) with ⟨θ_b, x_i⟩ + offset_i for `inputs` (4m, 4q + 2) and a block of particles (4q + 2, B).

    Numbers of a tile of the data are named: they stay in registers, which elements of arrays that may overlap do not.
    """
    for i in range(0, h.shape[0], 4):
        a0, a1, b0, b1 = inputs[i, 0], inputs[i, 1], inputs[i + 1, 0], inputs[i + 1, 1]
        c0, c1, d0, d1 = inputs[i + 2, 0], inputs[i + 2, 1], inputs[i + 3, 0], inputs[i + 3, 1]
        a, b, c, d = offsets[i], offsets[i + 1], offsets[i + 2], offsets[i + 3]
        for m in range(h.shape[1]):
            t0, t1 = block[0, m], block[1, m]
            h[i, m] = a + (a0 * t0 + a1 * t1)
            h[i + 1, m] = b + (b0 * t0 + b1 * t1)
            h[i + 2, m] = c + (c0 * t0 + c1 * t1)
            h[i + 3, m] = d + (d0 * t0 + d1 * t1)
        for j in range(2, block.shape[0], 4):
            a0, a1, a2, a3 = inputs[i, j], inputs[i, j + 1], inputs[i, j + 2], inputs[i, j + 3]
            b0, b1, b2, b3 = inputs[i + 1, j], inputs[i + 1, j + 1], inputs[i + 1, j + 2], inputs[i + 1, j + 3]
            c0, c1, c2, c3 = inputs[i + 2, j], inputs[i + 2, j + 1], inputs[i + 2, j + 2], inputs[i + 2, j + 3]
            d0, d1, d2, d3 = inputs[i + 3, j], inputs[i + 3, j + 1], inputs[i + 3, j + 2], inputs[i + 3, j + 3]
            for m in range(h.shape[1]):
                t0, t1, t2, t3 = block[j, m], block[j + 1, m], block[j + 2, m], block[j + 3, m]
                h[i, m] += (a0 * t0 + a1 * t1) + (a2 * t2 + a3 * t3)
                h[i + 1, m] += (b0 * t0 + b1 * t1) + (b2 * t2 + b3 * t3)
                h[i + 2, m] += (c0 * t0 + c1 * t1) + (c2 * t2 + c3 * t3)
                h[i + 3, m] += (d0 * t0 + d1 * t1) + (d2 * t2 + d3 * t3)


@njit(cache=True, fastmath=SAFE, error_model="numpy", inline="always")
def _add_slopes(weighted, h, slopes, force):  # type: ignore[no-untyped-def]
    """Add Σ_i (1 − h_i²) weighted_i to the force (4q + 2, B) for h (4m, B); `slopes` (4, B) is scratch."""
    one = h.dtype.type(1)
    for i in range(0, h.shape[0], 4):
        for k in range(4):
            for b in range(h.shape[1]):
                slopes[k, b] = one - h[i + k, b] * h[i + k, b]
        for j in range(0, force.shape[0], 2):
            x0, x1, x2, x3 = weighted[i, j], weighted[i + 1, j], weighted[i + 2, j], weighted[i + 3, j]
            y0, y1, y2, y3 = weighted[i, j + 1], weighted[i + 1, j + 1], weighted[i + 2, j + 1], weighted[i + 3, j + 1]
            for b in range(h.shape[1]):
                s0, s1, s2, s3 = slopes[0, b], slopes[1, b], slopes[2, b], slopes[3, b]
                force[j, b] += (x0 * s0 + x1 * s1) + (x2 * s2 + x3 * s3)
                force[j + 1, b] += (y0 * s0 + y1 * s1) + (y2 * s2 + y3 * s3)


@njit(cache=True, fastmath=SAFE, error_model="numpy", inline="always")
def _load(theta, first, start, count, block):  # type: ignore[no-untyped-def]
    """Copy the rows from `first` on of `count` particles from `start` on; what is left of the block is zero."""
    block[:] = 0
    for j in range(theta.shape[0] - first):
        for b in range(count):
            block[j, b] = theta[first + j, start + b]


@njit(cache=True, fastmath=SAFE, error_model="numpy")
def add_values(two_layers, stored, inputs, offsets, shares, theta, block, activations, totals):  # type: ignore[no-untyped-def]
    """Add Σ_m shares_m h_i(θ_m) to `totals` (n,), float64, for shares (M,) of tanh neurons.

    `activations` (1, TILE, B) is scratch; `stored` ones (blocks, n, B) keep the tanh of all for `move`.
    """
    first, size = 1 if two_layers else 0, block.shape[1]
    part = np.zeros(size, theta.dtype)
    for c in range(0, theta.shape[1], size):
        count = min(size, theta.shape[1] - c)
        _load(theta, first, c, count, block)
        part[:] = 0
        part[:count] = shares[c : c + count]
        if two_layers:
            for b in range(count):
                part[b] *= tanh(theta[0, c + b])
        for start in range(0, inputs.shape[0], TILE):
            stop = min(start + TILE, inputs.shape[0])
            h = activations[c // size, start:stop] if stored else activations[0, : stop - start]
            _preactivate(inputs[start:stop], offsets[start:stop], block, h)
            for i in range(stop - start):
                total = theta.dtype.type(0)
                for b in range(size):
                    value = tanh(h[i, b])
                    h[i, b] = value
                    total += value * part[b]
                totals[start + i] += total


@njit(cache=True, fastmath=SAFE, error_model="numpy", inline="always")
def _add_forces(known, inputs, offsets, weights, weighted, block, activations, slot, slopes, outer, force):  # type: ignore[no-untyped-def]
    """Add Σ_i w_i (1 − h_i²) x_i to the force (4q + 2, B) and, unless `outer` is empty, Σ_i w_i h_i to `outer` (B,)."""
    for start in range(0, inputs.shape[0], TILE):
        stop = min(start + TILE, inputs.shape[0])
        if known:
            h = activations[slot, start:stop]
        else:
            h = activations[0, : stop - start]
            _preactivate(inputs[start:stop], offsets[start:stop], block, h)
            for i in range(stop - start):
                for b in range(h.shape[1]):
                    h[i, b] = tanh(h[i, b])
        if outer.size:
            for i in range(stop - start):
                weight = weights[start + i]
                for b in range(outer.size):
                    outer[b] += weight * h[i, b]
        _add_slopes(weighted[start:stop], h, slopes, force)


@njit(cache=True, fastmath=SAFE, error_model="numpy")
def move(kind, known, points, weights, weighted, keep, width, noise, begin, theta, scratch):  # type: ignore[no-untyped-def]
    """Make K steps θ ← keep θ − Σ_i w_i ∇h_i(θ) + width ξ with the particles from `begin` on; noise ξ is (K, m, p).

    `points` are inputs and offsets, `weighted` the inputs times the weights (n,). `known`: the activations are those of
    the particles as they are, K = 1. `scratch` is (block, force, slopes, activations).
    """
    (inputs, offsets), (block, force, slopes, activations) = points, scratch
    number, size, first = theta.dtype.type, block.shape[1], 1 if kind == TWO_LAYERS else 0
    keeping, gate, outer = number(keep), np.zeros(size, theta.dtype), np.zeros(size * first, theta.dtype)
    end = begin + noise.shape[1]
    for c in range(begin, end, size):
        count = min(size, end - c)
        _load(theta, first, c, count, block)
        for k in range(noise.shape[0]):
            force[:], outer[:] = 0, 0
            if kind == LINEAR:
                for i in range(inputs.shape[0]):
                    for j in range(force.shape[0]):
                        force[j] += weighted[i, j]
            else:
                _add_forces(
                    known, inputs, offsets, weights, weighted, block, activations, c // size, slopes, outer, force
                )  # fmt: skip
            if kind == TWO_LAYERS:
                for b in range(count):
                    gate[b] = tanh(theta[0, c + b])
                    pull, xi = (1 - gate[b] * gate[b]) * outer[b], noise[k, c - begin + b, 0]
                    theta[0, c + b] = number(keeping * theta[0, c + b] - pull + width * xi)
                for j in range(force.shape[0]):
                    for b in range(count):
                        force[j, b] *= gate[b]
            for j in range(theta.shape[0] - first):
                for b in range(count):
                    xi = noise[k, c - begin + b, first + j]
                    block[j, b] = number(keeping * block[j, b] - force[j, b] + width * xi)
        for j in range(theta.shape[0] - first):
            for b in range(count):
                theta[first + j, c + b] = block[j, b]
