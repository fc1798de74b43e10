"""Adaptivity to anisotropic, composed, sparse and low-dimensional smoothness: deep against linear."""
