"""Sparse parameter spaces: what non-linear estimators gain over all that are linear in the labels.

Jumps f = a_0 + Σ a_k 1_{[t_k,1]}, and wavelet coefficients in weak ℓ^p with a tail condition. The upper bounds of the
paper are for deep ERM with logarithms; here the estimators are exact and their risks sharp.
"""

from __future__ import annotations

from rates.catalogue.besov._sparse_jump_claims import JUMPS
from rates.catalogue.besov._sparse_wavelet_claims import WAVELETS

CLAIMS = (*JUMPS, *WAVELETS)
