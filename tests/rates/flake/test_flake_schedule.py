"""Whose turn it is, and with what seed."""

from collections import Counter

from rates.flake.schedule import Standing, next_claim, root_seed


def simulate(costs, steps, at_least, *, fixed=(), most=None):
    """Return the order of claims, each run taking its cost."""
    order = []
    for _ in range(steps):
        done = Counter(order)
        rows = [Standing(name, name not in fixed, done[name], cost) for name, cost in costs.items()]
        chosen = next_claim(rows, at_least, most)
        if chosen is None:
            break
        order.append(chosen)
    return order


def test_every_claim_gets_its_runs_first_in_turns_and_the_cheapest_first():
    assert simulate({"dear": 30, "cheap": 1, "middle": 5}, 6, at_least=2) == ["cheap", "middle", "dear"] * 2


def test_after_that_a_cheap_claim_gets_more_time_and_far_more_runs():
    costs = {"dear": 30.0, "cheap": 1.0, "middle": 5.0}
    runs = Counter(simulate(costs, 3000, at_least=2))
    assert runs["cheap"] > 20 * runs["middle"] > 20 * runs["dear"]
    assert runs["dear"] > 2  # and it is not forgotten


def test_what_has_no_randomness_runs_once():
    assert Counter(simulate({"noisy": 1, "fixed": 1}, 50, at_least=5, fixed=["fixed"])) == {"noisy": 49, "fixed": 1}
    assert simulate({"fixed": 1}, 50, at_least=5, fixed=["fixed"]) == ["fixed"]


def test_a_limit_on_runs_ends_the_study():
    assert Counter(simulate({"a": 1, "b": 2}, 50, at_least=2, most=3)) == {"a": 3, "b": 3}


def test_seeds_come_back_and_are_all_different():
    seeds = [root_seed("flake", run) for run in range(10_000)]
    assert seeds == [root_seed("flake", run) for run in range(10_000)]
    assert len({*seeds, *(root_seed("another", run) for run in range(10_000))}) == 20_000
    assert all(0 <= seed < 2**48 for seed in seeds)
    assert root_seed("flake", 0) == 271981773646511  # the seeds of a published study stay what they were
