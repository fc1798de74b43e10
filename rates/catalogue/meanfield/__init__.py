"""Convex optimisation over laws of neurons: dual averaging, dual coordinate ascent, Langevin dynamics."""
