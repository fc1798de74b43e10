"""Waves e^{2πilx} of the circle, l = 0, 1, 2, …: what tables of cosines and of sines are the parts of."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def harmonics(x: npt.NDArray[np.float64], count: int) -> npt.NDArray[np.complex128]:
    """Return e^{2πilx} for l < count at points x (n,), shape (count, n): every wave is a whole stretch of memory.

    By doubling, e^{2πi(l+m)x} = e^{2πilx} e^{2πimx}, m a power of two by squaring: one product an entry.
    """
    waves = np.ones((count, len(x)), complex)
    step, done = np.exp(2j * np.pi * x), 1
    while done < count:
        more = min(done, count - done)
        np.multiply(waves[:more], step, out=waves[done : done + more])
        step, done = step * step, done + more
    return waves
