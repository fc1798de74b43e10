"""What a plan says of its cost."""

import re

BIG = "experiment=Experiment(power, X, pilot=Pilot(0.7, 0.7, seconds=1e-3))"


def test_show_says_what_a_claim_costs(cli, claims_file):
    out = cli("show", claims_file(f"tiny({BIG})")).out
    [line] = re.findall("  that is .*", out)
    pattern = r"  that is (\d+) measurements of (\d+) cells in (\d+) calls, \d+\.\d [kM]B in an empty store"
    rows, cells, calls = map(int, re.fullmatch(pattern, line).groups())
    assert (cells, calls * 8) == (16, rows)
    assert f"at most {rows // 16} replicates" not in out  # the controls stop earlier
    assert out.index("at most") < out.index(line)


def test_a_curve_alone_has_a_cost_too(cli, claims_file):
    curve = "checks=(Check('curve-law', 'slope', Margin(0.01), x=tuple(10.0**k for k in range(1, 8))),)"
    file = claims_file(f"with_curve(experiment=None, controls=(), {curve})")
    assert "  that is 1 measurement of 1 cell in 1 call, 0.5 kB in an empty store" in cli("show", file).out


def test_a_dry_run_ends_with_the_cost_of_all(cli, claims_file):
    answer = cli("check", claims_file(f"tiny({BIG}), tiny(name='untimed')"), "--dry-run")
    last = answer.out.rstrip().splitlines()[-1]
    assert re.fullmatch(
        r"in all \d+ measurements of 32 cells in \d+ calls, \d+\.\d [kM]B in an empty store, [\d.]+ s on one core,"
        r" without 1 claim that no pilot timed",
        last,
    )
