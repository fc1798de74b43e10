"""How the spectrum of the ReLU tangent kernel falls, on the sphere under the uniform law.

Degree k of spherical harmonics has one eigenvalue Λ_k with multiplicity N(d, k). Even and odd degrees are
two families: the bias scale γ alone makes odd degrees k ≥ 3 visible. Here k = 2j + odd.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

from rates.catalogue.ntk._sources import derived
from rates.claim import Check, Claim, Condition, Control, Margin
from rates.experiment import Curve, Experiment
from rates.law import Law

if TYPE_CHECKING:
    from dltheory.ntk.kernels import NeuralTangentKernel

Array = npt.NDArray[np.float64]
Layers = Literal["both", "output", "input"]
Start = Literal["sphere", "gaussian"]

# k_a comes from the jump of σ'', k_b from the jump of σ': two powers of k apart. Both constants are squared
# Funk–Hecke coefficients at the equator, at k/2 = j.
_CONSTANT_BOTH = "(Gamma(d/2)/(2*pi))**2 * gamma**(2*odd)"
_CONSTANT_OUTPUT = "(Gamma(d/2)/(4*pi))**2"
_FAR = tuple(4.0**i for i in range(4, 15))
FAR_RIDGE = tuple(10.0**i for i in range(2, 12))


def exact_eigenvalue(
    j: Array, *, d: int, odd: int = 0, gamma: float = 1.0, layers: Layers = "both", start: Start = "sphere"
) -> Array:
    """Return Λ_k at k = 2j + odd by the closed form."""
    from dltheory.ntk import spectrum

    return spectrum.eigenvalues(_kernel(d, gamma, layers, start), (2 * j + odd).astype(np.int64))


def quadrature_eigenvalue(
    j: Array, *, d: int, odd: int = 0, gamma: float = 1.0, layers: Layers = "both", start: Start = "sphere",
    measure: int = 0, diagonal: float = 0.0,
) -> Array:  # fmt: skip
    """Return Λ_k by integrating the kernel against the Legendre polynomial of degree k.

    `measure` integrates in the wrong dimension d + measure; `diagonal` tilts the kernel by that much t².
    """
    from dltheory.ntk import spectrum

    kernel = _kernel(d, gamma, layers, start)

    def profile(t: Array) -> Array:
        return np.asarray(kernel(t) + diagonal * t**2, dtype=float)

    return spectrum.funk_hecke(profile, d + measure, (2 * j + odd).astype(np.int64))


def exact_count(inverse: Array, *, d: int, gamma: float = 1.0, layers: Layers = "both") -> Array:
    """Return #{i: λ_i ≥ ε} at x = 1/ε, multiplicities included."""
    from dltheory.ntk import spectrum

    return spectrum.counting(_kernel(d, gamma, layers), 1 / inverse)


def effective_dimension(inverse: Array, *, d: int, power: Literal[1, 2] = 1, layers: Layers = "both") -> Array:
    """Return Tr (Σ(Σ + λ)^-1)^power at x = 1/λ."""
    from dltheory.ntk import spectrum

    kernel = _kernel(d, 1.0, layers)
    return np.array([spectrum.effective_dimension(kernel, 1 / x, power) for x in inverse])


def ridge_bias(
    inverse: Array, *, r: float, d: int = 2, target_r: float | None = None, layers: Layers = "both"
) -> Array:
    """Return Σ_i (λ/(λ_i + λ))² g_i² at x = 1/λ for the target on the boundary of the source set."""
    kernel = _kernel(d, 1.0, layers)
    return np.array([_ridge_bias(kernel, 1 / x, target_r or r) for x in inverse])


def _ridge_bias(kernel: NeuralTangentKernel, ridge: float, r: float) -> float:
    from dltheory.ntk import spectrum
    from dltheory.ntk.regression import SphereRegression

    constant, exponent = spectrum.degree_decay(kernel, "even")
    # Degrees beyond 40 times the cut-off are all bias: (λ/(Λ_k + λ))² = 1 within 40^-d.
    reach = int(40 * (constant / ridge) ** (1 / exponent)) + 200
    problem = SphereRegression.on_boundary(kernel, r=r, max_degree=reach)
    return spectrum.ridge_bias(problem.eigenvalues, problem.energy, ridge) + problem.tail_energy


def _kernel(d: int, gamma: float, layers: Layers, start: Start = "sphere") -> NeuralTangentKernel:
    from dltheory.ntk.kernels import NeuralTangentKernel

    return NeuralTangentKernel(d, bias_scale=gamma, layers=layers, initialisation=start)


def _decay_checks() -> tuple[Check, ...]:
    return (
        Check("curve-law", "slope", Margin(0.02), x=_FAR),
        Check("curve-law", "level", Margin(0.02), x=_FAR),
        Check("experiment-curve", "level", Margin(1e-5, note="quadrature error")),
    )


DECAY = Claim(
    name="degree-decay",
    statement="On the uniform sphere the tangent kernel of a two-layer ReLU network has eigenvalue Λ_k ~ A k^-d"
    " at degree k, with A smaller by γ² for odd degrees.",
    law=Law.power("j", "-d", constant=_CONSTANT_BOTH),
    source=derived("Funk–Hecke formula; k^-d also in Basri et al. 2020"),
    cases=tuple({"d": d, "odd": odd, "gamma": "1/2"} for d in (2, 3, 10) for odd in (0, 1)),
    conditions=(Condition("d >= 2", why="S^0 has two points"), Condition("gamma > 0", why="odd degrees vanish"),
                Condition("Eq(odd*(odd - 1), 0)", why="even or odd degrees")),
    curve=Curve(exact_eigenvalue, 1e-12, "closed form of every eigenvalue by Funk–Hecke"),
    # Quadrature has an absolute error near 1e-15, and the smallest eigenvalue here is above 1e-9.
    experiment=Experiment(quadrature_eigenvalue, x=tuple(range(1, 7)), numerical_error=2e-6),
    checks=_decay_checks(),
    controls=(
        Control("no bias, odd degrees", {"gamma": 0.0}, "curve-law", "slope", case={"d": 2, "odd": 1, "gamma": "1/2"},
                why="without bias the odd degrees k ≥ 3 are exactly invisible"),
        Control("output layer only", {"layers": "output"}, "curve-law", "slope", predicted=-4.0,
                why="two powers of k steeper"),
        Control("bias twice as large", {"gamma": 1.0}, "curve-law", "level", predicted=1.386,
                case={"d": 2, "odd": 1, "gamma": "1/2"}, why="the odd family scales with γ²"),
        Control("integrated in dimension d + 1", {"measure": 1}, "experiment-curve", "level"),
        Control("kernel with 0.001 t² added", {"diagonal": 1e-3}, "experiment-curve", "level",
                why="moves degree 2 alone"),
    ),
)  # fmt: skip

DECAY_OUTPUT = Claim(
    name="degree-decay-output",
    statement="The kernel of the output layer alone falls two powers of the degree faster, Λ_k ~ A k^-(d+2) on even"
    " degrees, and does not see odd degrees k ≥ 3 at all.",
    law=Law.power("j", "-(d + 2)", constant=_CONSTANT_OUTPUT),
    source=derived("Funk–Hecke formula"),
    cases=tuple({"d": d, "layers": "output"} for d in (2, 3, 10)),
    conditions=(Condition("d >= 2", why="S^0 has two points"),),
    curve=Curve(exact_eigenvalue, 1e-12, "closed form of every eigenvalue by Funk–Hecke"),
    experiment=Experiment(quadrature_eigenvalue, x=tuple(range(1, 6)), numerical_error=2e-5),
    checks=(
        Check("curve-law", "slope", Margin(0.02), x=_FAR),
        Check("curve-law", "level", Margin(0.02), x=_FAR),
        Check("experiment-curve", "level", Margin(1e-3, note="quadrature error")),
    ),
    controls=(
        Control("both layers", {"layers": "both"}, "curve-law", "slope", predicted=-2.0),
        Control("odd degrees", {"odd": 1}, "curve-law", "slope", why="parity zero: nothing to follow"),
        Control("Gaussian instead of spherical weights, far out", {"start": "gaussian"}, "curve-law", "level",
                predicted=0.693),
        Control("Gaussian instead of spherical weights", {"start": "gaussian"}, "experiment-curve", "level",
                predicted=0.693, why="k_a is d times larger, at an unchanged slope"),
        Control("integrated in dimension d + 1", {"measure": 1}, "experiment-curve", "level"),
    ),
)  # fmt: skip

COUNTING = Claim(
    name="counting",
    statement="The number of eigenvalues above ε, multiplicities included, grows like (C/ε)^(1/β) with β = d/(d-1),"
    " so the sorted eigenvalues fall like C i^-β.",
    law=Law.power(
        "x",
        "1/beta",
        where={"beta": "d/(d-1)"},
        constant="(2**d*(Gamma(d/2)/(2*pi))**2)**((d-1)/d) * (1 + gamma**(2*(d-1)/d)) / Gamma(d)",
    ),
    source=derived("count of spherical harmonics per family; β = 1 + 1/(d-1) is in the paper, section 4"),
    cases=({"d": 2}, {"d": 3}, {"d": 5}),
    conditions=(Condition("d >= 2"), Condition("gamma > 0")),
    curve=Curve(exact_count, 1e-12, "exact count by inverting the two monotone families"),
    checks=(
        Check("curve-law", "slope", Margin(0.02), x=tuple(10.0**i for i in range(6, 31, 3))),
        Check("curve-law", "level", Margin(0.02), x=tuple(10.0**i for i in range(6, 31, 3))),
    ),
    controls=(
        Control("output layer only", {"layers": "output"}, "curve-law", "slope", predicted=0.25),
        Control("no bias", {"gamma": 0.0}, "curve-law", "level", predicted=-0.693,
                why="half of the eigenvalues vanish"),
        Control("wrong dimension", {"d": 3}, "curve-law", "slope", predicted=0.667),
        Control("small bias", {"gamma": 0.8}, "curve-law", "level", predicted=-0.105),
    ),
)  # fmt: skip

DIMENSION = Claim(
    name="effective-dimension",
    statement="The effective dimensions Tr (Σ(Σ+λ)^-1)^p, p = 1, 2, grow like λ^(-1/β) as the ridge λ falls.",
    law=Law.power(
        "x",
        "1/beta",
        where={"beta": "d/(d-1)"},
        # ∫ over degrees of both parities at γ = 1; p enters through a Beta function.
        constant="2*(2**d*(Gamma(d/2)/(2*pi))**2)**((d-1)/d)/(Gamma(d-1)*d)"
        " * Gamma((d-1)/d)*Gamma(power-(d-1)/d)/Gamma(power)",
    ),
    source=derived("integral over the sharp spectrum"),
    cases=tuple({"d": d, "power": p} for d in (2, 3) for p in (1, 2)),
    conditions=(Condition("d >= 2"), Condition("power >= 1")),
    curve=Curve(effective_dimension, 1e-9, "sum over degrees with an Euler–Maclaurin tail"),
    checks=(
        Check("curve-law", "slope", Margin(0.01), x=tuple(10.0**i for i in range(2, 13))),
        Check("curve-law", "level", Margin(0.01), x=tuple(10.0**i for i in range(2, 13))),
    ),
    controls=(
        Control("output layer only", {"layers": "output"}, "curve-law", "slope", predicted=0.25),
        Control("wrong dimension", {"d": 3}, "curve-law", "slope", predicted=0.667),
        Control("squared resolvent", {"power": 2}, "curve-law", "level", predicted=-0.693),
    ),
)  # fmt: skip

RIDGE_BIAS = Claim(
    name="ridge-bias",
    statement="The squared bias of ridge regression on the boundary of the source set, r < 1, falls like λ^(2r).",
    # Both parities have the same decay A k^-d at γ = 1, and the target has the energy b k^(-2rd-1), Σ = 1/4.
    law=Law.power(
        "x",
        "-2*r",
        constant="Gamma(2*r)*Gamma(2 - 2*r)/(4*zeta(2*r*d + 1)*d) * (2**d*(Gamma(d/2)/(2*pi))**2)**(-2*r)",
    ),
    source=derived("integral over the sharp spectrum"),
    cases=({"d": 2, "r": "1/2"}, {"d": 2, "r": "3/4"}, {"d": 3, "r": "1/2"}),
    conditions=(Condition("d >= 2"), Condition("r > 0"), Condition("r < 1", why="see ridge-bias-saturation")),
    curve=Curve(ridge_bias, 1e-3, "sum over degrees"),
    checks=(
        Check("curve-law", "slope", Margin(0.02), x=FAR_RIDGE),
        Check("curve-law", "level", Margin(0.05), x=FAR_RIDGE),
    ),
    controls=(
        Control("rougher target", {"target_r": 0.3}, "curve-law", "slope", predicted=-0.6),
        Control("smoother target", {"target_r": 0.75}, "curve-law", "slope", predicted=-1.5),
        Control("target far inside: r = 2", {"target_r": 2.0}, "curve-law", "slope", predicted=-2.0),
        Control("wrong dimension", {"d": 3}, "curve-law", "level"),
    ),
)  # fmt: skip

RIDGE_SATURATION = Claim(
    name="ridge-bias-saturation",
    statement="For r > 1 the squared bias of ridge regression saturates at λ², however smooth the target is.",
    law=Law.power("x", "-2"),
    source=derived("‖Σ⁻¹g‖² is finite for r > 1; at r = 1 it diverges like a logarithm"),
    cases=({"d": 2, "r": "1"}, {"d": 2, "r": "3/2"}, {"d": 2, "r": "2"}),
    conditions=(Condition("d >= 2"), Condition("r >= 1", why="see ridge-bias")),
    curve=Curve(ridge_bias, 1e-3, "sum over degrees"),
    checks=(
        Check("curve-law", "slope", Margin(0.02), x=FAR_RIDGE, only="r > 1"),
        Check("curve-law", "slope", Margin(0.02), only="Eq(r, 1)", x=FAR_RIDGE, undecidable="at r = 1 the bias is"
              " λ² (log(1/λ) + c): the unknown c bends the slope by more than any reachable ridge makes small"),
    ),
    controls=(
        Control("target on the boundary of r = 3/4", {"target_r": 0.75}, "curve-law", "slope", predicted=-1.5,
                case={"d": 2, "r": "3/2"}),
        Control("target on the boundary of r = 1/2", {"target_r": 0.5}, "curve-law", "slope", predicted=-1.0,
                case={"d": 2, "r": "3/2"}),
        Control("target on the boundary of r = 0.9", {"target_r": 0.9}, "curve-law", "slope", predicted=-1.8,
                case={"d": 2, "r": "2"}),
    ),
)  # fmt: skip

CLAIMS = (DECAY, DECAY_OUTPUT, COUNTING, DIMENSION, RIDGE_BIAS, RIDGE_SATURATION)
