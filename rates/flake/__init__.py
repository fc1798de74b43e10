"""How often a true claim is called wrong: the catalogue, run again and again with fresh seeds, and what came of it.

`python -m rates.flake collect` gathers runs and can be stopped at any time; `python -m rates.flake report` counts.
"""
