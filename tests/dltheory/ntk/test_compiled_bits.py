"""Machine code from numba's cache gives the bits of machine code made afresh, or two runs could not be compared."""

import os
import subprocess
import sys

import pytest

SCRIPT = """
import hashlib, sys
import numpy as np
from dltheory.ntk import circle_sgd, kernel_sgd
from dltheory.ntk.kernels import NeuralTangentKernel
from dltheory.ntk.network_loop import Steps, gradient_sums
from dltheory.ntk.regression import SphereRegression
from dltheory.ntk.schedule import AveragedSGD

rng = np.random.default_rng(0)
sgd = AveragedSGD(0.05, 0.01, 64)

def network():
    inputs, labels = rng.standard_normal((1, 64, 3)), rng.standard_normal((1, 64))
    outer, inner = rng.standard_normal((1, 256)), rng.standard_normal((1, 3, 256))
    for name in ("swish", "tanh", "relu"):
        steps = Steps(name, 10.0, (0.1, 0.1, 0.1), (0.99, 0.99, 0.99), 0.99, np.ones(64) / 64)
        yield from gradient_sums(steps, inputs, labels, outer, inner)

def circle():
    model = SphereRegression.on_boundary(NeuralTangentKernel(2), r=0.75, max_degree=40, noise_variance=0.1)
    angles, labels = rng.uniform(0, 6, (1, 64)), rng.standard_normal((1, 64))
    yield circle_sgd.run(model, sgd, angles, labels)
    yield circle_sgd.degree_error_area(model, sgd, angles, labels, np.full(41, 64))

def kernel():
    points = rng.standard_normal((1, 64, 3))
    points /= np.linalg.norm(points, axis=2, keepdims=True)
    coefficients = kernel_sgd.run(NeuralTangentKernel(3), sgd, points, rng.standard_normal((1, 64)))
    yield coefficients
    yield kernel_sgd.predict(NeuralTangentKernel(3), coefficients, points, points[0])

for values in {"network": network, "circle": circle, "kernel": kernel}[sys.argv[1]]():
    print(hashlib.sha256(np.ascontiguousarray(values).tobytes()).hexdigest())
"""


@pytest.mark.parametrize("loop", ["network", "circle", "kernel"])
def test_a_loop_from_the_cache_gives_the_bits_of_one_compiled_afresh(loop, tmp_path):
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}
    command = [sys.executable, "-c", SCRIPT, loop]
    fresh, cached = (
        subprocess.run(command, env=environment, check=True, capture_output=True, text=True, timeout=300).stdout
        for _ in range(2)
    )
    assert any(tmp_path.rglob("*.nbc")), "nothing was cached"
    assert fresh.count("\n") >= 2
    assert cached == fresh
