"""Arrays on their way to a device and back: the only copies that a computation in torch makes between the two."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from torch import Tensor


def to_device(array: npt.NDArray[Any], device: str) -> Tensor:
    """Return a tensor of its own with the values and dtype of an array, contiguous; read-only arrays will do."""
    import torch

    return torch.tensor(np.ascontiguousarray(array), device=device)


def to_host(tensor: Tensor) -> npt.NDArray[Any]:
    """Return the numbers of a tensor in the memory of this process; waits until they have been computed."""
    return np.asarray(tensor.cpu().numpy())
