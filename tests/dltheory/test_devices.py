import numpy as np
import pytest

from dltheory.devices import to_device, to_host

torch = pytest.importorskip("torch")


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_numbers_come_back_as_they_went(dtype):
    array = np.random.default_rng(0).standard_normal((3, 4)).astype(dtype)
    back = to_host(to_device(array, "cpu"))
    np.testing.assert_array_equal(back, array)
    assert back.dtype == dtype


def test_the_tensor_is_a_copy_of_its_own():
    array = np.zeros(3)
    to_device(array, "cpu").add_(1)
    np.testing.assert_array_equal(array, 0)


def test_read_only_and_strided_arrays_are_taken_without_a_warning():
    array = np.broadcast_to(np.arange(4.0), (2, 4))[:, ::2]
    tensor = to_device(array, "cpu")
    assert tensor.is_contiguous()
    assert tensor.tolist() == [[0, 2], [0, 2]]
