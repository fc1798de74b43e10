"""Functions of infinitely many variables that are smoother in some than in others, and networks that find these.

Source: S. Okumoto, T. Suzuki, "Learnability of convolutional neural networks for infinite dimensional input via mixed
and anisotropic smoothness", ICLR 2022.
"""
