"""What can be shown of the torch paths without a GPU.

A `meta` tensor has a shape, a dtype and a device, and no numbers. A loop that runs to its end on that device has read
no number back (`item`, `tolist`, a branch on a value all raise) and has not mixed devices. What goes in and out is
counted by a function mode, which sees every call of torch.
"""

from collections import Counter

import numpy as np
import pytest

from dltheory.ntk import circle_sgd, kernel_sgd
from dltheory.ntk.averaged_sgd import TwoLayerNetwork, initialise, run
from dltheory.ntk.gram import finite_width_gram_torch, infinite_width_gram_torch
from dltheory.ntk.kernels import NeuralTangentKernel
from dltheory.ntk.network_activations import activate_torch
from dltheory.ntk.network_error import network_and_limit, sphere_rule
from dltheory.ntk.regression import SphereRegression
from dltheory.ntk.schedule import AveragedSGD
from dltheory.ntk.sphere import uniform

torch = pytest.importorskip("torch")
overrides = pytest.importorskip("torch.overrides")

REPLICATES = 3
IN, OUT = ("tensor", "as_tensor", "asarray", "from_numpy"), ("cpu", "numpy", "item", "tolist", "__array__")


class Recorder(overrides.TorchFunctionMode):
    """Counts calls and the dtypes and devices of what they return; gives zeros for numbers that a meta tensor lacks."""

    def __init__(self):
        super().__init__()
        self.calls, self.dtypes, self.devices = Counter(), set(), set()

    def __torch_function__(self, function, types, arguments=(), options=None):
        name = getattr(function, "__name__", str(function))
        given = options or {}
        moved = name == "to" and any(isinstance(a, str | torch.device) for a in (*arguments[1:], *given.values()))
        self.calls["to a device" if moved else name] += 1
        if name == "cpu" and arguments[0].is_meta:
            return torch.zeros(arguments[0].shape, dtype=arguments[0].dtype, device="cpu")
        answer = function(*arguments, **given)
        for tensor in answer if isinstance(answer, tuple) else (answer,):
            if isinstance(tensor, torch.Tensor) and name not in OUT:
                self.dtypes.add(tensor.dtype)
                self.devices.add(tensor.device.type)
        return answer

    @property
    def transfers(self):
        """Arrays that went in, tensors that came out, and moves between devices beside those."""
        counts = [sum(self.calls[name] for name in names) for names in (IN, OUT[:1])]
        return (*counts, self.calls["to a device"])


def stream(horizon, dim):
    rng = np.random.default_rng(5)
    x = np.stack([uniform(rng, horizon, dim) for _ in range(REPLICATES)])
    return x, x[..., 0] + 0.3 * rng.standard_normal(x.shape[:2])


def circle(horizon, device, dtype=np.float64, averaging="uniform"):
    model = SphereRegression.on_boundary(NeuralTangentKernel(2), r=0.75, max_degree=20)
    x, y = stream(horizon, 2)
    angles = np.arctan2(x[..., 1], x[..., 0])
    return circle_sgd.run(model, AveragedSGD(0.4, 0.03, horizon, averaging), angles, y, device=device)


def kernel(horizon, device, dtype=np.float64):
    return kernel_sgd.run(NeuralTangentKernel(3), AveragedSGD(0.4, 0.03, horizon), *stream(horizon, 3), device=device)


def network(horizon, device, dtype=np.float64, **options):
    net = TwoLayerNetwork(**({"width": 8, "dim": 3, "activation": "relu"} | options))
    initial = initialise(net, [np.random.default_rng(r) for r in range(REPLICATES)], dtype)
    found = run(net, AveragedSGD(0.3, 0.1, horizon), initial, *stream(horizon, 3), device=device)
    return np.concatenate([part.reshape(REPLICATES, -1) for part in found], axis=1)


def swish(horizon, device, dtype=np.float64):
    return network(horizon, device, dtype, activation="swish", anchor="zero")


def tanh(horizon, device, dtype=np.float64):
    return network(horizon, device, dtype, activation="tanh", trained=("a",))


# how many arrays go in and how many tensors come out
PATHS = {circle: (4, 1), kernel: (4, 1), network: (6, 2), swish: (6, 2), tanh: (6, 2)}
NETWORKS = [network, swish, tanh]


def recorded(path, horizon, device="meta", dtype=np.float64):
    with Recorder() as recorder:
        path(horizon, device, dtype)
    return recorder


@pytest.mark.parametrize("path", PATHS)
def test_a_loop_reads_nothing_back_and_moves_a_fixed_number_of_arrays(path):
    short, long = (recorded(path, horizon) for horizon in (70, 200))
    assert short.transfers == long.transfers == (*PATHS[path], 0)
    assert short.devices == long.devices == {"meta"}
    assert sum(long.calls.values()) > sum(short.calls.values())


@pytest.mark.parametrize("path", PATHS)
def test_double_precision_stays_double(path):
    assert recorded(path, 70).dtypes <= {torch.float64, torch.bool}


@pytest.mark.parametrize("path", NETWORKS)
def test_single_precision_is_not_promoted_on_the_way(path):
    found = recorded(path, 70, dtype=np.float32)
    assert found.dtypes <= {torch.float32, torch.bool}
    assert path(70, "cpu:0", np.float32).dtype == np.float32


@pytest.mark.parametrize("path", PATHS)
def test_the_default_dtype_of_torch_changes_no_bit(path):
    before = torch.get_default_dtype()
    found = []
    try:
        for dtype in (torch.float32, torch.float64, torch.float16):
            torch.set_default_dtype(dtype)
            found.append(path(70, "cpu:0"))
    finally:
        torch.set_default_dtype(before)
    np.testing.assert_array_equal(found[0], found[1])
    np.testing.assert_array_equal(found[0], found[2])


@pytest.mark.parametrize("path", PATHS)
def test_the_default_device_of_torch_is_not_used(path):
    expected = path(70, "cpu:0")
    with torch.device("meta"):
        np.testing.assert_array_equal(path(70, "cpu:0"), expected)


@pytest.mark.parametrize("path", PATHS)
def test_the_torch_path_gives_what_the_compiled_loop_gives(path):
    np.testing.assert_allclose(path(300, "cpu:0"), path(300, "cpu"), rtol=0, atol=1e-12)


@pytest.mark.parametrize("path", PATHS)
def test_torch_draws_no_random_number(path):
    """The data come from named streams, the same on every device."""
    torch.manual_seed(3)
    state = torch.get_rng_state()
    path(70, "cpu:0")
    assert torch.equal(torch.get_rng_state(), state)


def test_read_only_streams_are_taken_without_a_warning_and_left_as_they_were():
    model = SphereRegression.on_boundary(NeuralTangentKernel(2), r=0.75, max_degree=20)
    angles, labels = np.broadcast_to(np.linspace(0, 3, 70), (2, 70)), np.broadcast_to(np.ones(70), (2, 70))
    for device in ("cpu", "cpu:0"):
        found = circle_sgd.run(model, AveragedSGD(0.4, 0.03, 70), angles, labels, device=device)
        np.testing.assert_array_equal(found[0], found[1])


@pytest.mark.parametrize("dim", [2, 3])
def test_network_and_limit_pass_the_device_on(dim):
    net = TwoLayerNetwork(8, dim, activation="relu")
    model = SphereRegression.on_boundary(NeuralTangentKernel(dim), r=0.75, max_degree=20)
    initial = initialise(net, [np.random.default_rng(r) for r in range(REPLICATES)])
    rule = sphere_rule(3) if dim == 3 else None
    with Recorder() as recorder:
        network_and_limit(model, net, AveragedSGD(0.3, 0.1, 50), initial, *stream(50, dim), rule=rule, device="meta")
    assert recorder.transfers == (6 + 4, 2 + 1, 0)
    assert recorder.devices == {"meta"}


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_gram_matrices_stay_on_their_device_and_in_their_dtype(dtype):
    points, a, b, c = (torch.zeros(s, dtype=dtype, device="meta") for s in ((5, 3), (8,), (3, 8), (8,)))
    with Recorder() as recorder:
        assert infinite_width_gram_torch(points, NeuralTangentKernel(3)).shape == (5, 5)
        for activation in ("relu", "tanh", "swish:5"):
            assert finite_width_gram_torch(points, a, b, c, 0.5, activation).shape == (5, 5)
    assert recorder.transfers == (0, 0, 0)
    assert recorder.devices == {"meta"}
    assert recorder.dtypes <= {dtype, torch.bool}


def test_the_recorder_sees_what_it_is_there_for():
    """A check that cannot fail proves nothing: a copy, a wider number and a number read back are all noticed."""
    with Recorder() as recorder:
        z = torch.zeros(3, dtype=torch.float32, device="meta")
        z = z + torch.ones(3, dtype=torch.float64, device="meta")
        torch.zeros(3, device="cpu").to("meta")
        torch.tensor(np.ones(2), device="meta").cpu()
        with pytest.raises(RuntimeError):
            z.sum().item()
        with pytest.raises(RuntimeError):
            z + torch.ones(3, device="cpu")
        with pytest.raises(RuntimeError):
            bool(z[0] > 0)
    assert recorder.transfers == (1, 1, 1)
    assert recorder.devices == {"meta", "cpu"}
    assert torch.float64 in recorder.dtypes


@pytest.mark.parametrize("name", ["relu", "tanh", "swish"])
def test_activations_keep_the_dtype(name):
    z = torch.linspace(-2, 2, 9, dtype=torch.float32)
    assert {part.dtype for part in activate_torch(name, 5.0, z)} == {torch.float32}
