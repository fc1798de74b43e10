"""Averaged SGD on two-layer networks with torch: all replicates at once, gradient by hand, in place."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from dltheory.ntk.network_activations import activate_torch
from dltheory.ntk.network_loop import Steps

Array = npt.NDArray[np.floating]


def gradient_sums(
    steps: Steps, inputs: Array, labels: Array, outer: Array, inner: Array, device: str
) -> tuple[Array, Array]:
    """Return what the compiled loop returns for the same arguments, computed on `device`."""
    import torch

    def move(array: Array) -> Any:
        return torch.from_numpy(np.ascontiguousarray(array, dtype=inner.dtype)).to(device)

    x, y, a0, w0 = move(inputs), move(labels), move(outer), move(inner)
    rows = [1] + [2] * (inner.shape[1] - 1)
    row_rates, row_keeps = (move(np.array(v)[rows]) for v in (steps.rates, steps.keeps))
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
    return outer_sum.cpu().numpy(), moved_sum.cpu().numpy()
