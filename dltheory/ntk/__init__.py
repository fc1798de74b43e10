"""Neural tangent kernels of two-layer networks and averaged SGD in their regime.

Source: A. Nitanda, T. Suzuki, "Optimal Rates for Averaged Stochastic Gradient Descent under Neural
Tangent Kernel Regime", ICLR 2021.
"""
