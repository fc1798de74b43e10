from __future__ import annotations

import numpy as np
import pytest

from dltheory.vectors import aligned_zeros


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(1,), (3, 5), (2, 11, 256)])
def test_zeros_begin_at_a_cache_line(shape, dtype):
    for array in [aligned_zeros(shape, dtype) for _ in range(5)]:
        assert array.shape == shape
        assert array.dtype == dtype
        assert array.ctypes.data % 64 == 0
        assert array.flags.c_contiguous
        assert array.flags.writeable
        assert not array.any()
