"""Averaged SGD on two-layer networks with torch: all replicates at once, gradient by hand, in place."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from dltheory.devices import to_device, to_host
from dltheory.ntk.network_activations import activate_torch
from dltheory.ntk.network_loop import Steps

Array = npt.NDArray[np.floating]


def gradient_sums(
    steps: Steps, inputs: Array, labels: Array, outer: Array, inner: Array, device: str
) -> tuple[Array, Array]:
    """Return what the compiled loop returns for the same arguments, computed on `device`."""
    import torch

    rows = [1] + [2] * (inner.shape[1] - 1)
    given = (inputs, labels, outer, inner, np.array(steps.rates)[rows], np.array(steps.keeps)[rows])
    x, y, a0, w0, row_rates, row_keeps = (to_device(a.astype(inner.dtype), device) for a in given)
    moved, moved_sum = torch.zeros_like(w0), torch.zeros_like(w0)
    moved_outer, outer_sum = torch.zeros_like(a0), torch.zeros_like(a0)
    root = math.sqrt(outer.shape[1])
    for t in range(labels.shape[1]):
        row, weight = x[:, t, None], float(steps.weights[t])
        z = torch.baddbmm(torch.bmm(row * row_keeps**t, w0), row, moved)[:, 0]
        value, slope = activate_torch(steps.activation, steps.sharpness, z)
        a = steps.keeps[0] ** t * a0 + moved_outer
        residual = ((a * value).sum(1) / root - y[:, t])[:, None] / root
        gain, delta = (row * row_rates).mT, (residual * a * slope)[:, None]
        # outer products by broadcasting, in place
        moved.mul_(steps.decay).addcmul_(gain, delta, value=-1)
        moved_sum.addcmul_(gain, delta, value=-weight)
        moved_outer.mul_(steps.decay).addcmul_(residual, value, value=-steps.rates[0])
        outer_sum.addcmul_(residual, value, value=-weight * steps.rates[0])
    return to_host(outer_sum), to_host(moved_sum)
