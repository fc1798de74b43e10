"""Claims on functions of infinitely many variables: Okumoto & Suzuki 2022."""
