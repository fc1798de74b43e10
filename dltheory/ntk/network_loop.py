"""The compiled loop of averaged SGD on a two-layer network: one replicate, feature-major.

Weights lie in blocks of neurons (blocks, d + 1, neurons), row 0 the bias, so that a block stays in the
first-level cache while the neurons fill the vector registers. One pass over the weights a step: the update
of step t and the pre-activation of step t + 1 are made together.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from dltheory.ntk.network_activations import KINDS, Activation, activate
from dltheory.vectors import SAFE, aligned_zeros

Array = npt.NDArray[np.floating]
_BLOCK = 256  # neurons at most
_LANES = 16  # float32 numbers in the widest vector register
_DELAY = 8  # steps between two updates of the sum of gradients, which costs as much traffic as the weights


class Steps(NamedTuple):
    """What a step does, after the schedule is fixed. Triples are for (output weights, biases, input weights).

    With G_u the stochastic gradient of step u times `rates` (0 freezes), the iterate t is
    keeps^t Θ_0 - Σ_{u<t} decay^{t-1-u} G_u, and what is returned is -Σ_u weights_u G_u.
    """

    activation: Activation
    sharpness: float
    rates: tuple[float, float, float]
    keeps: tuple[float, float, float]
    decay: float
    weights: npt.NDArray[np.float64]


class _State(NamedTuple):
    """What the loop writes: the moved parts and their sums in blocks of neurons, the last steps, one block of neurons.

    `delta` is a ring of a_r σ'(z_r) of the last `_DELAY` steps.
    """

    moved: Array
    moved_sum: Array
    moved_outer: Array
    outer_sum: Array
    old_value: Array
    delta: Array
    z: Array
    value: Array
    slope: Array

    @classmethod
    def zeros_like(cls, inner: Array) -> _State:
        blocks, _, size = inner.shape
        outer, block = (blocks, size), (size,)
        shapes = (inner.shape, inner.shape, outer, outer, outer, (_DELAY, *outer), block, block, block)
        return cls(*(aligned_zeros(shape, inner.dtype) for shape in shapes))


def gradient_sums(steps: Steps, inputs: Array, labels: Array, outer: Array, inner: Array) -> tuple[Array, Array]:
    """Return -Σ_u w_u G_u of the output weights (R, M) and of biases and input weights (R, d + 1, M).

    `outer` and `inner` are the initial values of these, `inputs` (R, T, d + 1) has γ in column 0, `labels`
    is (R, T). Computes in the dtype of `inner`.
    """
    outer_sum, inner_sum = np.empty_like(outer), np.empty_like(inner)
    width = outer.shape[1]
    rates, keeps = np.array(steps.rates), np.array(steps.keeps)
    for r in range(len(labels)):
        # a row of zeros before and after: the update of step t and the pre-activation of step t + 1 share a pass
        padded = np.pad(inputs[r], ((1, 1), (0, 0)))
        start = _to_blocks(inner[r])
        state = _State.zeros_like(start)
        _loop(
            KINDS[steps.activation], steps.sharpness, width, rates, keeps, steps.decay, steps.weights,
            padded, labels[r], _to_blocks(outer[r][None])[:, 0], start, state,
        )  # fmt: skip
        outer_sum[r] = _from_blocks(state.outer_sum[:, None], width)[0]
        inner_sum[r] = _from_blocks(state.moved_sum, width)
    return outer_sum, inner_sum


def _to_blocks(rows: Array) -> Array:
    """Return (n, M) as (blocks, n, neurons), padded with neurons of weight 0, which never move."""
    count, width = rows.shape
    blocks = -(-width // _BLOCK)
    size = -(-width // (blocks * _LANES)) * _LANES
    padded = np.zeros((count, blocks * size), rows.dtype)
    padded[:, :width] = rows
    found = aligned_zeros((blocks, count, size), rows.dtype)
    found[:] = padded.reshape(count, blocks, size).transpose(1, 0, 2)
    return found


def _from_blocks(blocks: Array, width: int) -> Array:
    """Undo `_to_blocks`."""
    return np.ascontiguousarray(blocks.transpose(1, 0, 2).reshape(blocks.shape[1], -1)[:, :width])


@njit(cache=True, fastmath=SAFE, error_model="numpy", inline="always")
def _move(fade, gains, delta, keeps, x, initial, moved, z):  # type: ignore[no-untyped-def]
    """Finish a step on one block of neurons and fill z with their pre-activations at the next input x."""
    z[:] = 0
    for j in range(x.size):
        gain, keep, input_value = gains[j], keeps[j], x[j]
        for i in range(z.size):
            moved[j, i] = fade * moved[j, i] - gain * delta[i]
            z[i] += (keep * initial[j, i] + moved[j, i]) * input_value


@njit(cache=True, fastmath=SAFE, error_model="numpy")
def _collect(gains, delta, block, total):  # type: ignore[no-untyped-def]
    """Subtract from the sum of one block what the last `_DELAY` steps add: a product of rank `_DELAY`."""
    for j in range(total.shape[0]):
        for i in range(total.shape[1]):
            value = total[j, i]
            for k in range(_DELAY):
                value -= gains[k, j] * delta[k, block, i]
            total[j, i] = value


@njit(cache=True, fastmath=SAFE, error_model="numpy", inline="always")
def _respond(fade, gain, sum_gain, keep, initial, moved, total, old_value, value, slope, delta):  # type: ignore[no-untyped-def]
    """Finish a step on the output weights of one block; return its share of the next output Σ_r a_r σ(z_r)."""
    output = value.dtype.type(0)
    for i in range(value.size):
        total[i] -= sum_gain * old_value[i]
        moved[i] = fade * moved[i] - gain * old_value[i]
        a = keep * initial[i] + moved[i]
        output += a * value[i]
        delta[i] = a * slope[i]
        old_value[i] = value[i]
    return output


@njit(cache=True, fastmath=SAFE, error_model="numpy")
def _loop(kind, sharpness, width, rates, keeps, decay, weights, inputs, labels, outer, inner, state):  # type: ignore[no-untyped-def]
    """One replicate in blocks: `outer` (blocks, neurons), `inner` (blocks, d + 1, neurons), `inputs` (T + 2, d + 1)."""
    number = inner.dtype.type  # float64 scalars would promote float32 arithmetic
    blocks, rows, _ = inner.shape
    moved, moved_sum, moved_outer, outer_sum, old_value, delta, z, value, slope = state
    gains, sum_gains = np.zeros(rows, inner.dtype), np.zeros((_DELAY, rows), inner.dtype)
    kept, row_kept, x = np.ones(3), np.ones(rows, inner.dtype), np.zeros(rows, inner.dtype)
    root, fade = np.sqrt(width), number(decay)
    residual, share, now = 0.0, 0.0, 0
    for t in range(labels.size + 1):
        step = residual / root
        for j in range(rows):
            part = 1 + min(j, 1)
            gain = step * rates[part] * inputs[t, j]
            gains[j], sum_gains[now, j] = gain, share * gain
            row_kept[j], x[j] = kept[part], inputs[t + 1, j]
        gain, following, output = step * rates[0], (now + 1) % _DELAY, 0.0
        for b in range(blocks):
            _move(fade, gains, delta[now, b], row_kept, x, inner[b], moved[b], z)
            if following == 0:
                _collect(sum_gains, delta, b, moved_sum[b])
            activate(kind, sharpness, z, value, slope)
            output += _respond(
                fade, number(gain), number(share * gain), number(kept[0]), outer[b], moved_outer[b], outer_sum[b],
                old_value[b], value, slope, delta[following, b],
            )  # fmt: skip
        now = following
        if t < labels.size:
            residual, share = output / root - labels[t], weights[t]
            kept *= keeps
    sum_gains[now:] = 0
    for b in range(blocks):
        _collect(sum_gains, delta, b, moved_sum[b])
