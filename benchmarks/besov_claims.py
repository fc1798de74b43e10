"""The claims of the chapter on anisotropic and sparse smoothness, over commits."""

from benchmarks import claims_of

Claims = claims_of("besov", __name__)
