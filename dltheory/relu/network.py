"""ReLU networks with explicit, sparse layers: built from blocks, counted and evaluated.

A network is x ↦ A_L σ(… σ(A_1 x + b_1) …) + b_L. Blocks are put in series (two affine maps that meet are multiplied
out), side by side and in copies; what is counted is what is stored, so that a size formula can be held against it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from dltheory.devices import to_device, to_host

Array = npt.NDArray[np.floating]
_CHUNK = 1 << 22  # numbers of one hidden layer held at a time


@dataclass(frozen=True)
class Sizes:
    """What the class Φ(L, W, S, B) of the theory counts.

    `depth` L is the number of affine maps, `width` W that of the widest hidden layer, `nonzeros` S the number of
    parameters that are not zero, `magnitude` B the largest of them.
    """

    depth: int
    width: int
    nonzeros: int
    magnitude: float

    def within(self, other: Sizes) -> bool:
        """Return whether no size exceeds that of the other."""
        pairs = zip(self.as_tuple(), other.as_tuple(), strict=True)
        return all(mine <= theirs for mine, theirs in pairs)

    def as_tuple(self) -> tuple[int, int, int, float]:
        """Return (L, W, S, B)."""
        return self.depth, self.width, self.nonzeros, self.magnitude


@dataclass(frozen=True, eq=False)
class ReLUNetwork:
    """Affine maps `weights[l]` (out, in), `biases[l]` (out,) with ReLU between them, none after the last."""

    weights: tuple[sparse.csr_array, ...]
    biases: tuple[npt.NDArray[np.float64], ...]

    def __post_init__(self) -> None:
        if not self.weights or len(self.weights) != len(self.biases):
            raise ValueError(
                f"a network has at least one layer, got {len(self.weights)} weights and {len(self.biases)} biases"
            )
        for layer, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            if layer and weight.shape[1] != self.weights[layer - 1].shape[0]:
                given = self.weights[layer - 1].shape[0]
                raise ValueError(f"layer {layer + 1} takes {weight.shape[1]} numbers, layer {layer} gives {given}")
            if bias.shape != (weight.shape[0],):
                raise ValueError(f"layer {layer + 1} has {weight.shape[0]} outputs and biases of shape {bias.shape}")

    @property
    def inputs(self) -> int:
        """Number of inputs."""
        return int(self.weights[0].shape[1])

    @property
    def outputs(self) -> int:
        """Number of outputs."""
        return int(self.weights[-1].shape[0])

    @property
    def sizes(self) -> Sizes:
        """Depth, width, non-zero parameters and the largest of them, counted."""
        stored = [part for weight, bias in zip(self.weights, self.biases, strict=True) for part in (weight.data, bias)]
        return Sizes(
            depth=len(self.weights),
            width=max((int(weight.shape[0]) for weight in self.weights[:-1]), default=0),
            nonzeros=sum(int(np.count_nonzero(part)) for part in stored),
            magnitude=max(float(np.abs(part).max(initial=0.0)) for part in stored),
        )

    def then(self, after: ReLUNetwork) -> ReLUNetwork:
        """Return this network followed by another; the two affine maps that meet become one."""
        if after.inputs != self.outputs:
            raise ValueError(f"a network with {self.outputs} outputs cannot feed one with {after.inputs} inputs")
        weight = _clean(after.weights[0] @ self.weights[-1])
        bias = after.weights[0] @ self.biases[-1] + after.biases[0]
        weights = (*self.weights[:-1], weight, *after.weights[1:])
        return ReLUNetwork(weights, (*self.biases[:-1], bias, *after.biases[1:]))

    def copies(self, count: int) -> ReLUNetwork:
        """Return `count` copies side by side, each with inputs of its own."""
        if count < 1:
            raise ValueError(f"at least one copy of a network is made, got {count}")
        if count == 1:
            return self
        eye = sparse.eye_array(count, format="csr")
        weights = tuple(sparse.csr_array(sparse.kron(eye, weight, format="csr")) for weight in self.weights)
        return ReLUNetwork(weights, tuple(np.tile(bias, count) for bias in self.biases))

    def __call__(self, x: Array, device: str = "cpu") -> Array:
        """Return the values at points x (n, inputs), shape (n, outputs), in the precision of x.

        On the CPU with scipy's sparse matrices, on any other device ("cuda", "cpu:0") with torch's.
        """
        if x.ndim != 2 or x.shape[1] != self.inputs:
            raise ValueError(f"points have shape {x.shape}, expected (n, {self.inputs})")
        if x.dtype.name not in ("float32", "float64"):  # in the precision of whole numbers weights would be cut off
            raise ValueError(f"a network is evaluated in float32 or float64, got points of type {x.dtype.name}")
        rows = max(1, _CHUNK // max(self.sizes.width, 1))
        run = self._on_host if device == "cpu" else _OnDevice(self, x.dtype, device)
        parts = [run(x[i : i + rows]) for i in range(0, len(x), rows)]
        return np.concatenate(parts) if parts else np.zeros((0, self.outputs), x.dtype)

    def _on_host(self, x: Array) -> Array:
        z = np.ascontiguousarray(x.T)
        for layer, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            z = weight.astype(x.dtype) @ (np.maximum(z, 0.0, out=z) if layer else z)
            z += bias.astype(x.dtype)[:, np.newaxis]
        return np.asarray(z.T)


class _OnDevice:
    """The layers of a network as torch's sparse matrices on a device."""

    def __init__(self, network: ReLUNetwork, dtype: npt.DTypeLike, device: str) -> None:
        self.device = device
        pairs = zip(network.weights, network.biases, strict=True)
        self.layers = [(self._matrix(w.tocoo(), dtype), to_device(b.astype(dtype), device)) for w, b in pairs]

    def _matrix(self, weight: Any, dtype: npt.DTypeLike) -> Any:
        import torch

        places = to_device(np.stack([weight.row, weight.col]).astype(np.int64), self.device)
        values = to_device(weight.data.astype(dtype), self.device)
        return torch.sparse_coo_tensor(places, values, weight.shape, is_coalesced=True, check_invariants=False)

    def __call__(self, x: Array) -> Array:
        import torch

        z = to_device(x.T, self.device)
        for layer, (weight, bias) in enumerate(self.layers):
            z = torch.sparse.mm(weight, z.relu_() if layer else z)
            z += bias[:, None]
        return to_host(z.T)


def affine(weight: Any, bias: npt.ArrayLike = 0.0) -> ReLUNetwork:
    """Return the network of one affine map, `weight` (out, in) dense or sparse."""
    matrix, shift = _clean(sparse.csr_array(weight, dtype=float)), np.asarray(bias, float)
    if shift.shape not in ((), (1,), matrix.shape[:1]):
        raise ValueError(f"an affine map with {matrix.shape[0]} outputs has as many biases, got shape {shift.shape}")
    return ReLUNetwork((matrix,), (np.broadcast_to(shift, (matrix.shape[0],)).copy(),))


def layers(*pairs: tuple[Any, npt.ArrayLike]) -> ReLUNetwork:
    """Return the network of the given (weight, bias), dense and small, with ReLU between them."""
    maps = [affine(np.asarray(weight, float), bias) for weight, bias in pairs]
    return ReLUNetwork(tuple(m.weights[0] for m in maps), tuple(m.biases[0] for m in maps))


def carry(count: int, depth: int) -> ReLUNetwork:
    """Return `count` wires through `depth` affine maps: what is not negative arrives as it was."""
    if count < 1 or depth < 1:
        raise ValueError(f"wires and affine maps are at least 1, got {count} and {depth}")
    eye = sparse.eye_array(count, format="csr")
    return ReLUNetwork((sparse.csr_array(eye),) * depth, (np.zeros(count),) * depth)


def beside(*networks: ReLUNetwork) -> ReLUNetwork:
    """Return networks of one depth side by side: inputs and outputs in their order."""
    depths = {len(network.weights) for network in networks}
    if len(depths) != 1:
        raise ValueError(f"networks side by side have one depth, got {sorted(depths)}")
    return reduce(_pair, networks)


def _pair(left: ReLUNetwork, right: ReLUNetwork) -> ReLUNetwork:
    pairs = zip(left.weights, right.weights, strict=True)
    weights = tuple(sparse.csr_array(sparse.block_diag(pair, format="csr")) for pair in pairs)
    biases = tuple(np.concatenate(pair) for pair in zip(left.biases, right.biases, strict=True))
    return ReLUNetwork(weights, biases)


def _clean(matrix: Any) -> sparse.csr_array:
    """Return a matrix without stored zeros and duplicates."""
    found = sparse.csr_array(matrix)
    found.sum_duplicates()
    found.eliminate_zeros()
    return found
