"""Several trained layers are multiple kernel learning: a sum of kernels, whose space is the sum of their spaces.

‖f‖²_{H_a + H_b} = min over f = f_a + f_b of ‖f_a‖²_{H_a} + ‖f_b‖²_{H_b} (Aronszajn). On n points the left side is
yᵀ(K_a + K_b)⁻¹y, and the right side is a least-squares problem over the split of y.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rates.catalogue.ntk._sources import derived
from rates.claim import Check, Claim, Condition, Control, Margin
from rates.experiment import Curve, Experiment
from rates.law import Law
from rates.streams import Stream

Array = npt.NDArray[np.float64]


def split_norm(
    points: Array, *, d: int, kernel_scale: float = 1.0, gamma: float = 1.0, start: str = "sphere",
    swap: bool = False,
) -> Array:  # fmt: skip
    """Return the least ‖f_a‖² + ‖f_b‖² over splits, divided by yᵀ(K_a + K_b)⁻¹y, for n points on the sphere.

    The sabotages change the kernel of the sum only: another scale, bias or initial law, or K_a twice.
    """
    return np.array([_ratio(int(n), d, kernel_scale, gamma, start, swap) for n in points])


def _ratio(n: int, d: int, kernel_scale: float, gamma: float, start: str, swap: bool) -> float:
    from dltheory.ntk.kernels import NeuralTangentKernel
    from dltheory.ntk.sphere import uniform

    stream = Stream(0, "ntk/multiple_kernels:sum-of-spaces", f"d={d}", 0)
    x = uniform(stream.numpy("inputs"), n, d)
    y = stream.numpy("labels").standard_normal(n)
    cosine = np.clip(x @ x.T, -1, 1)
    jitter = 1e-3 * np.eye(n)  # both kernels gain the same white noise, so that none is singular
    output = NeuralTangentKernel(d, layers="output")(cosine) + jitter
    hidden = NeuralTangentKernel(d, layers="input")(cosine) + jitter
    both = NeuralTangentKernel(d, bias_scale=gamma, initialisation=start)(cosine)  # type: ignore[arg-type]
    total = kernel_scale * (both + 2 * jitter) if not swap else 2 * output
    root_a, root_b = np.linalg.cholesky(output), np.linalg.cholesky(hidden)
    # f_a = root_a u, f_b = root_b v with ‖f_a‖² = ‖u‖²: the least-norm solution of root_a u + root_b v = y.
    split = np.linalg.lstsq(np.hstack([root_a, root_b]), y, rcond=None)[0]
    return float(split @ split / (y @ np.linalg.solve(total, y)))


def source_norm(k: Array, *, d: int, r: float, weight: float = 1.0, drop: str = "none") -> Array:
    """Return ‖Σ^{-r} g‖² of the even target k^-2re-1 up to degree k, for the sum of both layers' operators.

    `weight` scales the summed operator (1/2 makes it an average); `drop` leaves one layer out.
    """
    output, hidden = _layers(k, d)
    total = weight * (output * (drop != "output") + hidden * (drop != "input"))
    return _norms(k, d, r, total)


def better_layer(k: Array, *, d: int, r: float) -> Array:
    """Return the smaller of the two single-layer norms ‖Σ_a^{-r} g‖², ‖Σ_b^{-r} g‖²."""
    output, hidden = _layers(k, d)
    return np.minimum(_norms(k, d, r, output), _norms(k, d, r, hidden))


def _layers(k: Array, d: int) -> tuple[Array, Array]:
    from dltheory.ntk.kernels import NeuralTangentKernel
    from dltheory.ntk.spectrum import eigenvalues

    degrees = np.arange(2, int(k.max()) + 1, 2)
    return eigenvalues(NeuralTangentKernel(d, layers="output"), degrees), eigenvalues(
        NeuralTangentKernel(d, layers="input"), degrees
    )


def _norms(k: Array, d: int, r: float, spectrum: Array) -> Array:
    degrees = np.arange(2, int(k.max()) + 1, 2, dtype=float)
    growth = np.cumsum(degrees ** (-2 * r * d - 1) * spectrum ** (-2 * r))
    return np.asarray(growth[(k / 2).astype(int) - 1])


SUM_OF_SPACES = Claim(
    name="sum-of-spaces",
    statement="The space of the tangent kernel of both layers is the sum of the two layers' spaces: its norm is the"
    " least total norm of a split of the function between the layers.",
    law=Law.identity("n", "1"),
    source=derived("least squares over the split; the norm of a sum of spaces is Aronszajn's (1950), recalled"),
    cases=({"d": 2}, {"d": 3}, {"d": 10}),
    conditions=(Condition("d >= 2"),),
    experiment=Experiment(split_norm, x=(8, 16, 32, 64), numerical_error=1e-7),
    remark="The identity holds for every pair of kernels: tested is that the kernel of both layers is their sum,"
    " on one fixed draw of points. The paper puts it as: the NTK is the sum of two NTKs.",
    checks=(Check("experiment-law", "level", Margin(1e-6, note="rounding of two solves")),),
    controls=(
        Control("the average of the kernels instead of their sum", {"kernel_scale": 0.5}, "experiment-law", "level",
                predicted=-0.693),
        Control("bias in the sum only", {"gamma": 0.5}, "experiment-law", "level"),
        Control("Gaussian start in the sum", {"start": "gaussian"}, "experiment-law", "level"),
        Control("the output layer counted twice", {"swap": True}, "experiment-law", "level"),
    ),
)  # fmt: skip

MORE_LAYERS = Claim(
    name="both-layers-help",
    statement="On the sphere the layers' operators commute, so ‖Σ^-r g‖ for both layers is at most the smaller of the"
    " single layers' norms, for every r > 0.",
    law=Law.identity("k", "1", direction="upper"),
    source=derived("Σ = Σ_a + Σ_b with common eigenfunctions; for general inputs only 2r ≤ 1 is known"),
    cases=tuple({"d": d, "r": r} for d in (2, 10) for r in ("1/2", "1")),
    conditions=(Condition("d >= 2"), Condition("r > 0")),
    curve=Curve(better_layer, 1e-12, "the better of the two layers, an upper bound"),
    experiment=Experiment(source_norm, x=(2, 4, 8, 16, 32, 64), numerical_error=1e-12),
    checks=(Check("experiment-curve", "bound", Margin(1e-9)),),
    controls=(
        Control("the average of the operators", {"weight": 0.5}, "experiment-curve", "bound"),
        Control("the input layer left out", {"drop": "input"}, "experiment-curve", "bound"),
        Control("nine tenths of the sum", {"weight": 0.9}, "experiment-curve", "bound"),
        Control("the output layer left out", {"drop": "output"}, "experiment-curve", "bound", expect="consistent",
                why="at high degrees the input layer is the better one, and equals the bound"),
    ),
)  # fmt: skip

CLAIMS = (SUM_OF_SPACES, MORE_LAYERS)
