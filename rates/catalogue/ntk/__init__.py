"""Averaged SGD in the neural-tangent-kernel regime."""
