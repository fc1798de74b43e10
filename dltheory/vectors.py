"""What compiled loops need to run at full speed on vector registers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

SAFE = {"contract", "reassoc", "nsz", "arcp"}  # reordered sums vectorise; NaN and infinity keep their meaning
_LINE = 64  # bytes of a cache line, and of the widest vector register


def aligned_zeros(shape: tuple[int, ...], dtype: npt.DTypeLike) -> npt.NDArray[Any]:
    """Return zeros that begin at a cache line; numpy's begin anywhere, and a loop over them may take a third longer."""
    kind = np.dtype(dtype)
    size = math.prod(shape) * kind.itemsize
    raw = np.zeros(size + _LINE, np.uint8)
    start = -raw.ctypes.data % _LINE
    return raw[start : start + size].view(kind).reshape(shape)
