"""ReLU networks with explicit layers, and the blocks that constructive proofs put together."""
