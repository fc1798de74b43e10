"""Algorithms, function spaces and data that theorems of deep-learning theory speak of.

One folder a chapter, one module a method. Nothing here knows about rates or verdicts.
"""
