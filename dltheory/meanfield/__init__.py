"""Mean-field networks: convex optimisation over the law of a neuron, with entropy as the regulariser.

Sources: A. Nitanda, D. Wu, T. Suzuki, "Particle Dual Averaging", NeurIPS 2021; K. Oko, T. Suzuki, A. Nitanda,
D. Wu, "Particle Stochastic Dual Coordinate Ascent", ICLR 2022; A. Nitanda, D. Wu, T. Suzuki, "Convex Analysis of
the Mean Field Langevin Dynamics", AISTATS 2022.
"""
