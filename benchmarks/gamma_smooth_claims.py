"""The claims of the chapter on functions of infinitely many variables, over commits."""

from benchmarks import claims_of

Claims = claims_of("gamma_smooth", __name__)
