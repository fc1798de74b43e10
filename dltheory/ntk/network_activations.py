"""Activations with their derivatives, for compiled loops (numba, vectorised by LLVM) and for torch.

numba calls the C library for exp, one number at a time. Here exp(x) - 1 is a polynomial and a shift of the
exponent bits, which runs on whole vector registers: about 1 ns a number instead of 15.
"""

from __future__ import annotations

from typing import Any, Literal, get_args

import numpy as np
from numba import njit, types
from numba.extending import intrinsic, overload

from dltheory.vectors import SAFE

Activation = Literal["swish", "tanh", "relu"]
KINDS: dict[str, int] = {name: i for i, name in enumerate(get_args(Activation))}
_EXACT = {"contract"}  # the rounding trick below must not be reordered


@intrinsic
def _as_float(typingctx, bits):  # type: ignore[no-untyped-def]
    """The floating-point number with these bits."""
    target = types.float64 if bits == types.int64 else types.float32
    return target(bits), lambda context, builder, sig, args: builder.bitcast(args[0], context.get_value_type(target))


@intrinsic
def _as_bits(typingctx, x):  # type: ignore[no-untyped-def]
    """The bits of a floating-point number."""
    target = types.int64 if x == types.float64 else types.int32
    return target(x), lambda context, builder, sig, args: builder.bitcast(args[0], context.get_value_type(target))


def expm1(x: float) -> float:
    """Return exp(x) - 1 within two roundings, float64 or float32, in compiled code only; |x| stops at 700 or 87.

    Source: Cody and Waite, exp(x) = 2^n exp(x - n ln 2), |x - n ln 2| ≤ ln(2)/2, with the Taylor polynomial.
    """
    raise NotImplementedError("for use inside numba-compiled functions")


@overload(expm1, jit_options={"fastmath": _EXACT, "error_model": "numpy"}, inline="never")
def _expm1(x):  # type: ignore[no-untyped-def]
    return _expm1_double if x == types.float64 else _expm1_single


def _expm1_double(x):  # type: ignore[no-untyped-def]
    x = min(max(x, -700.0), 700.0)
    shifted = x * 1.4426950408889634 + 6755399441055744.0  # adding 1.5·2^52 rounds to an integer n
    n = shifted - 6755399441055744.0
    r = (x - n * 0.693147180369123816490) - n * 1.90821492927058770002e-10
    q = 1.0 / 6227020800.0
    q = q * r + 1.0 / 479001600.0
    q = q * r + 1.0 / 39916800.0
    q = q * r + 1.0 / 3628800.0
    q = q * r + 1.0 / 362880.0
    q = q * r + 1.0 / 40320.0
    q = q * r + 1.0 / 5040.0
    q = q * r + 1.0 / 720.0
    q = q * r + 1.0 / 120.0
    q = q * r + 1.0 / 24.0
    q = q * r + 1.0 / 6.0
    q = (q * r + 0.5) * r * r + r  # exp(r) - 1
    power = _as_float((_as_bits(shifted) + np.int64(1023)) << np.int64(52))  # 2^n
    return power * q + (power - 1.0)


_LOW, _HIGH, _LOG2E, _ROUND = np.float32(-87), np.float32(87), np.float32(1.44269504), np.float32(12582912)
_LN2_HIGH, _LN2_LOW = np.float32(0.693359375), np.float32(-2.12194440e-4)
_C7, _C6, _C5, _C4 = (np.float32(1 / f) for f in (5040, 720, 120, 24))
_C3, _C2, _ONE = np.float32(1 / 6), np.float32(0.5), np.float32(1)


def _expm1_single(x):  # type: ignore[no-untyped-def]
    # named float32 constants: a literal would promote the arithmetic to float64
    x = min(max(x, _LOW), _HIGH)
    shifted = x * _LOG2E + _ROUND
    n = shifted - _ROUND
    r = (x - n * _LN2_HIGH) - n * _LN2_LOW
    q = ((((_C7 * r + _C6) * r + _C5) * r + _C4) * r + _C3) * r + _C2
    q = q * r * r + r
    power = _as_float(np.int32((_as_bits(shifted) + 127) << 23))  # numba adds int32 as int64
    return power * q + (power - _ONE)


@njit(cache=True, fastmath=SAFE, error_model="numpy", inline="always")
def activate(kind, sharpness, z, value, slope):  # type: ignore[no-untyped-def]
    """Fill σ(z) and σ'(z) for `KINDS` number `kind`; σ'(0) = 0 for ReLU. The three arrays must not overlap.

    Always inlined: compiled apart, it has one machine code of its own and another inside each caller, which differ
    in the last bits, and which of them runs would depend on what numba's cache held.
    """
    one = z.dtype.type(1)
    two = z.dtype.type(2)
    s = z.dtype.type(sharpness)
    if kind == 0:
        for i in range(z.size):
            p = one / (two + expm1(-s * z[i]))
            value[i] = z[i] * p
            slope[i] = p + s * z[i] * p * (one - p)
    elif kind == 1:
        for i in range(z.size):
            e = expm1(two * z[i])
            value[i] = e / (e + two)
            slope[i] = one - value[i] * value[i]
    else:
        for i in range(z.size):
            positive = z[i] > 0
            value[i] = z[i] if positive else z.dtype.type(0)
            slope[i] = one if positive else z.dtype.type(0)


def activate_torch(name: str, sharpness: float, z: Any) -> tuple[Any, Any]:
    """Return σ(z) and σ'(z) of a torch tensor, as `activate` does."""
    import torch

    if name == "swish":
        p = torch.sigmoid(sharpness * z)
        return z * p, p + sharpness * z * p * (1 - p)
    if name == "tanh":
        value = z.tanh()
        return value, 1 - value * value
    return z.relu(), (z > 0).to(z.dtype)
