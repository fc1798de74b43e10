"""Unit tests for theorems."""
