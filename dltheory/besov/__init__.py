"""Function spaces of inhomogeneous smoothness: what deep networks adapt to, and linear estimators do not.

Sources: T. Suzuki, A. Nitanda, "Deep learning is adaptive to intrinsic dimensionality of model smoothness in
anisotropic Besov space", NeurIPS 2021; T. Suzuki, "Adaptivity of deep ReLU network for learning in Besov and mixed
smooth Besov spaces", ICLR 2019; S. Hayakawa, T. Suzuki, "On the minimax optimality and superiority of deep neural
network learning over sparse parameter spaces", Neural Networks 2020; R. Nakada, M. Imaizumi, "Adaptive approximation
and generalization of deep neural network with intrinsic dimensionality", JMLR 2020.
"""
