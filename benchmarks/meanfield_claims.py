"""The claims of the mean-field chapter, over commits."""

from benchmarks import claims_of

Claims = claims_of("meanfield", __name__)
