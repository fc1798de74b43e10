"""The claims of the tangent-kernel chapter, over commits."""

from benchmarks import claims_of

Claims = claims_of("ntk", __name__)
