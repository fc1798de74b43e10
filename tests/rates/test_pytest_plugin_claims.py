"""Claims as tests: `pytest --rates-profile`, in pytest's own test bed and in this process unless workers are meant."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

import rates.pytest_text  # noqa: F401 (pytest's test bed forgets what is imported in it, numpy would not survive that)
from rates.check import check
from rates.cli import main
from rates.pytest_items import CaseTest, Selection
from rates.pytest_text import case_folder

pytest_plugins = ("pytester",)

DECAY = "def decay(x, streams, s=1.0, off=0.0, cv=0.1):\n    return power(x, streams, slope=-(s + off), cv=cv)\n\n"
TWO = """tiny(name="two", law=Law.power("x", "-s"), cases=({"s": "1"}, {"s": "3/2"}),
    experiment=Experiment(decay, X, pilot=PILOT), controls=(
    Control("half more", {"off": 0.5}, "experiment-law", "slope"),
    Control("half less", {"off": -0.5}, "experiment-law", "slope", case={"s": "3/2"}),
    Control("a bit more", {"off": 0.3}, "experiment-law", "slope", case={"s": "3/2"})))"""
WRONG = TWO.replace('"-s"', '"-2*s"')
WRONG_ONCE = TWO.replace('"-s"', '"-s**2"')  # right for s = 1
REFUTED = 'tiny(name="wrong", law=Law.power("x", "-3/2"), controls=())'
UNSURE = 'tiny(name="unsure", controls=(Control("the same", {"slope": -1.0}, "experiment-law", "slope"),))'


@pytest.fixture(autouse=True)
def _no_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where these are set, pytest says the whole of every failure once more in its summary."""
    for name in ("CI", "BUILD_NUMBER"):
        monkeypatch.delenv(name, raising=False)


SUITE = """
import pytest

@pytest.mark.rates
@pytest.mark.parametrize("slope", ["-1/2", "-1"])
def test_slope(assert_consistent, slope):
    x = [10, 20, 40, 80]
    y = [[v ** -0.5 * (1 + 0.01 * ((r * 7 + i * 3) % 5)) for i, v in enumerate(x)] for r in range(20)]
    assert_consistent((x, y), law=slope)

def test_without_the_marker():
    raise RuntimeError
"""


@pytest.fixture
def claims(pytester: pytest.Pytester, claims_file: Callable[..., str], tmp_path: Path) -> Callable[..., str]:
    """Return a function that writes a file of claims beside the tests of the bed and returns its name."""

    def write(expression: str, name: str = "my.py", functions: str = DECAY) -> str:
        written = tmp_path / claims_file(expression, name, functions)
        (pytester.path / name).write_bytes(written.read_bytes())
        return name

    return write


@pytest.fixture
def bed(pytester: pytest.Pytester) -> Callable[..., pytest.RunResult]:
    """Return a function that runs pytest in this process."""
    return lambda *words: pytester.runpytest_inprocess("-p", "no:cacheprovider", "-p", "no:xdist", *words)


def lines(result: pytest.RunResult, start: str) -> list[str]:
    return [line for line in result.outlines if line.startswith(start)]


def test_every_case_is_a_test(claims, bed):
    result = bed("--rates", claims(f"{TWO}, tiny()"), "-v")
    result.assert_outcomes(passed=3)
    assert lines(result, "rates: profile") == ["rates: profile quick, seed 0, 2 claims, 3 cases"]
    assert [line.split("PASSED")[0].strip() for line in lines(result, "rates::")] == [
        "rates::my:two[s=1]", "rates::my:two[s=3/2]", "rates::my:tiny"
    ]  # fmt: skip
    assert lines(result, "rates: 3 cases") == ["rates: 3 cases: 3 consistent"]
    assert "collecting ... collected 3 items" in result.outlines


def test_claims_stand_beside_the_tests_that_are_there(claims, bed, pytester):
    pytester.makepyfile("def test_mine():\n    pass")
    bed("--rates", claims("tiny()")).assert_outcomes(passed=2)
    bed().assert_outcomes(passed=1)


def test_without_an_option_nothing_is_loaded(pytester, claims):
    pytester.makeini(f"[pytest]\nrates_claims = {claims('tiny()')}\naddopts = --rates-inconclusive=warn")
    pytester.makepyfile(
        "import sys\n\ndef test_nothing():\n"
        "    loaded = {m for m in sys.modules if m.partition('.')[0] in ('rates', 'numpy', 'sympy', 'scipy')}\n"
        "    assert loaded == {'rates', 'rates.pytest_plugin'}"
    )
    pytester.runpytest_subprocess("-p", "no:hypothesispytest").assert_outcomes(passed=1)


def test_claims_are_chosen_like_tests(claims, bed):
    file = claims(f"{TWO}, tiny()")
    bed("--rates", file, "-k", "tiny").assert_outcomes(passed=1, deselected=2)
    bed("--rates", file, "-m", "not rates").assert_outcomes(deselected=3)
    bed("--rates", file, "-m", "rates(case='s=3/2')").assert_outcomes(passed=1, deselected=2)
    bed("--rates", file, "-m", "rates(chapter='my') and not rates(claim='my:tiny')").assert_outcomes(
        passed=2, deselected=1
    )
    bed("--rates", file, "--deselect", "rates::my:two").assert_outcomes(passed=1, deselected=2)
    bed("--rates", f"{file}:tiny", "--rates", f"{file}:two", "-k", "two").assert_outcomes(passed=2, deselected=1)


def test_what_failed_last_is_run_alone(claims, pytester):
    words = ["-p", "no:xdist", "--rates", claims(f"{WRONG}, tiny()")]
    pytester.runpytest_inprocess(*words).assert_outcomes(passed=1, failed=2)
    pytester.runpytest_inprocess(*words, "--lf").assert_outcomes(failed=2, deselected=1)


def test_collecting_measures_nothing(claims, bed):
    result = bed("--rates", claims('tiny(experiment=Experiment(power, X, pilot=PILOT), cases=({"bad": "raises"},))'),
                 "--collect-only")  # fmt: skip
    assert result.ret == 0
    assert [line.strip() for line in result.outlines if "<" in line] == [
        "<Claims rates>", "<Case my:tiny[bad=raises]>"
    ]  # fmt: skip
    assert lines(result, "rates: 1") == []


def test_the_ini_file_narrows_the_catalogue_from_any_folder(claims, bed, pytester, monkeypatch):
    pytester.makepyprojecttoml(
        f'[tool.pytest.ini_options]\nrates_claims = ["{claims("tiny()")}"]\n[tool.rates]\nseed = 7'
    )
    monkeypatch.chdir(pytester.mkdir("below"))
    result = bed("--rates-profile", "ci")
    result.assert_outcomes(passed=1)
    assert lines(result, "rates: profile") == ["rates: profile ci, seed 7, 1 claim, 1 case"]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--rates", "ntk/spektrum"], "no claim, method or chapter 'ntk/spektrum'; did you mean ntk/spectrum?"),
        (["--rates", "none.py"], "--rates: there is no file none.py"),
        (["--rates", "my.py:tinny"], "no claim, method or chapter 'my.py:tinny'; did you mean my.py:tiny?"),
        (["--rates", "bad.py"], "bad.py cannot be imported: NameError: name 'nothing' is not defined (line 5)"),
        (["--rates-profile", "nightly"], "--rates-profile nightly: use quick, ci, full"),
        (["--rates", "my.py", "--rates-seed", "-1"], "--rates-seed -1: a whole number from 0 on, or fresh"),
        (["--rates", "my.py", "--rates-device", "tpu"], "--rates-device: unknown device 'tpu': use cpu or cuda"),
        (["--rates-profile="], "--rates-profile is empty: give a value, or leave the option out"),
        (["--rates="], "--rates is empty: give a claim, method, chapter or file, or leave the option out"),
        (["--rates", "my.py", "--rates-seed="], "--rates-seed is empty: give a value"),
        (["--rates", "my.py", "--rates-device", " "], "--rates-device is empty: give a value"),
        (["--rates", "my.py", "--rates-out="], "--rates-out is empty: give a folder, or leave the option out"),
        (["--rates-out", " "], "--rates-out is empty: give a folder, or leave the option out"),
        (["--rates", "my.py", "--rates-out", "bad.py/x"], "--rates-out bad.py/x: bad.py is a file, give a folder"),
        (["--rates-profile", "quick", "-o", "rates_claims=none.py"], "rates_claims: there is no file"),
        (["--rates", "my.py", "--rates-inconclusive=maybe"], "invalid choice: 'maybe'"),
    ],
)
def test_what_cannot_be_checked_is_a_usage_error(claims, bed, words, says):
    claims("tiny()")
    claims("nothing", "bad.py", "")
    result = bed(*words)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert says in str(result.stderr)
    assert "Traceback" not in str(result.stderr)


def test_a_failure_says_what_was_found_and_where_the_report_is(claims, bed, pytester, capsys):
    result = bed("--rates", claims(f"{REFUTED}, tiny()"), "--rates-seed", "4")
    result.assert_outcomes(passed=1, failed=1)
    assert lines(result, "rates: 2") == ["rates: 2 cases: 1 consistent, 1 refuted"]
    text = "\n".join(result.outlines)
    shown = re.search(r"^my:wrong is refuted$.*?report +(\S+)$", text, re.MULTILINE | re.DOTALL)
    assert re.sub(r"−\d\.\d+", "N", shown[0].replace("−1.500", "PREDICTED")).splitlines() == [
        "my:wrong is refuted",
        "",
        "  outcome  comparison               predicted  measured  interval          margin",
        "  refuted  experiment → law, slope  PREDICTED     N    [N, N]  0.1",
        "    slope N [N, N] lies outside PREDICTED ± 0.100: y falls too slowly",
        "",
        "  reproduce  rates check my.py:wrong --profile quick --seed 4",
        "  report     reports/pytest/my--wrong/claims/my--wrong.html",
    ]
    assert "my:wrong" in (pytester.path / shown[1]).read_text(encoding="utf-8")
    assert "runtest" not in text
    reason = re.search("    (slope .*) lies outside", text)[1]
    capsys.readouterr()
    assert main(["check", "my.py:wrong", "--profile", "quick", "--seed", "4", "--engine", "serial"]) == 1
    assert reason in capsys.readouterr().out


def test_a_case_is_repeated_alone(claims, bed, cli, tmp_path):
    result = bed("--rates", claims(WRONG_ONCE))
    result.assert_outcomes(passed=1, failed=1)
    [again] = lines(result, "  reproduce")
    assert again.endswith("rates check my.py:two --profile quick --seed 0 --case s=3/2")
    assert lines(result, "my:two is") == ["my:two is refuted at s=3/2"]
    assert cli("check", "my.py:two", "--engine", "serial", "--case", "s=3/2").code == 1
    assert cli("check", "my.py:two", "--engine", "serial", "--case", "s=1").code == 0


def test_a_control_that_is_not_caught_fails(claims, bed):
    result = bed("--rates", claims(UNSURE))
    result.assert_outcomes(failed=1)
    assert lines(result, "my:unsure") == ["my:unsure is inconclusive"]
    [at] = [i for i, line in enumerate(result.outlines) if "control 'the same'" in line]
    assert result.outlines[at - 2].split()[:5] == ["consistent", "experiment", "→", "law,", "slope"]
    assert result.outlines[at] == "    control 'the same' was to be refuted and is consistent:"
    assert result.outlines[at + 1].startswith("      cannot be told from: the same; ")


def test_inconclusive_can_be_a_warning_and_then_is_no_error(claims, bed, pytester):
    file = claims(UNSURE)
    for words in ([], ["-W", "error"], ["-W", "error::rates.pytest_plugin.RatesWarning"]):
        result = bed("--rates", file, "--rates-inconclusive=warn", *words)
        result.assert_outcomes(passed=1, warnings=1)
        assert "RatesWarning: my:unsure is inconclusive" in str(result.stdout)
        assert lines(result, "rates: 1") == ["rates: 1 case: 1 inconclusive"]
    bed("--rates", claims(REFUTED), "--rates-inconclusive=warn").assert_outcomes(failed=1)


def test_a_warning_of_the_claims_own_code_is_no_verdict(claims, bed):
    functions = (
        "import warnings\nimport numpy as np\n\n"
        "def steady(x, streams, slope=-1.0):\n"
        "    y = power(x, streams, slope)\n    return np.stack([y, np.ones_like(y)], axis=-1)[:, np.newaxis]\n\n"
        "def mean(x):\n    warnings.warn('mind the gap')\n    return 1.0\n\n"
    )
    steady = 'Experiment(steady, X, estimand="control-variate", control_mean=mean, pilot=PILOT)'
    result = bed("--rates", claims(f"tiny(experiment={steady})", functions=functions), "-W", "error")
    result.assert_outcomes(passed=1)
    assert "UserWarning: mind the gap" in str(result.stdout)


def test_what_cannot_be_judged_is_skipped(claims, bed):
    checks = (
        '(Check("experiment-law", "slope", Margin(0.1), only="s < 3/2"),'
        ' Check("experiment-law", "slope", Margin(0.1), only="Eq(s, 3/2)", undecidable="needs 10^40"),'
        ' Check("experiment-law", "slope", Margin(0.1), only="Eq(s, 2)", profile="ci"))'
    )
    cases = '({"s": "1"}, {"s": "3/2"}, {"s": "2"})'
    claim = (
        f'tiny(law=Law.power("x", "-s"), experiment=Experiment(decay, X, pilot=PILOT), cases={cases}, checks={checks},'
        ' controls=(Control("off", {"off": 0.5}, "experiment-law", "slope"),))'
    )
    result = bed("--rates", claims(claim), "-rs")
    result.assert_outcomes(passed=1, skipped=2)
    assert lines(result, "rates: 3") == ["rates: 3 cases: 1 consistent, 1 undecidable, 1 not checked"]
    reasons = [line.split(": ", 1)[1] for line in lines(result, "SKIPPED")]
    assert sorted(reasons) == [
        "nothing is checked for this case in the quick profile",
        "undecidable: needs 10^40",
    ]


def test_what_only_another_profile_decides_is_not_a_pass(claims, bed):
    late = 'tiny(checks=(Check("experiment-law", "slope", Margin(0.1), profile="ci"),), controls=(flat(profile="ci"),))'
    result = bed("--rates", claims(late))
    result.assert_outcomes(failed=1)
    assert "    this is decided in the ci profile: add --profile ci" in result.outlines
    bed("--rates", "my.py", "--rates-profile", "ci").assert_outcomes(passed=1)


@pytest.mark.parametrize(
    ("claim", "outcome", "says"),
    [
        ('tiny(cases=({"cv": "2"},), conditions=(Condition("cv < 1"),))', "invalid", "the law needs cv < 1"),
        ('tiny(cases=({"bad": "raises"},), controls=())', "error", "RuntimeError: the algorithm fell over"),
        ('tiny(cases=({"bad": "nan"},), controls=())', "error", "a value that is not finite"),
    ],
)
def test_invalid_and_error_fail(claims, bed, claim, outcome, says):
    result = bed("--rates", claims(claim))
    result.assert_outcomes(failed=1)
    assert lines(result, "rates: 1") == [f"rates: 1 case: 1 {outcome}"]
    assert says in str(result.stdout)
    assert "report     reports/pytest/my--tiny" in str(result.stdout)


def test_a_report_that_cannot_be_written_hides_no_reason(claims, bed, pytester):
    pytester.mkdir("taken")
    (pytester.path / "taken" / case_folder("my:wrong")).write_text("a file")
    result = bed("--rates", claims(REFUTED), "--rates-out", "taken")
    result.assert_outcomes(failed=1)
    assert "report     none: the report cannot be written to" in str(result.stdout)


def test_junit_carries_the_figures(claims, bed, pytester):
    bed("--rates", claims(f"{REFUTED}, tiny()"), "--junit-xml", "out.xml")
    text = (pytester.path / "out.xml").read_text(encoding="utf-8")
    cases = re.findall(r'<testcase classname="rates" name="(.*?)".*?</testcase>', text, re.DOTALL)
    assert cases == ["my:wrong", "my:tiny"]
    assert text.count('<property name="outcome" value="consistent" />') == 1
    for name in ("slope", "predicted", "interval", "margin", "seconds", "case", "comparison"):
        assert text.count(f'<property name="{name}" value=') == 2


def decided(results):
    """Return results without what a run of one case says otherwise: how to repeat it, and how long it took."""
    same = [replace(r, reproduce="", seconds=0.0, controls=()) for r in results]
    controls = [replace(c, seconds=0.0) for r in results for c in r.controls]
    return same, controls


def selected(pytester, *words: str) -> list[CaseTest]:
    return list(Selection.of(pytester.parseconfig(*words)).tests())


@pytest.mark.parametrize("words", [[], ["--rates-profile", "ci", "--rates-seed", "3"]])
def test_a_case_comes_out_as_in_a_whole_run(claims, pytester, words):
    curve = "with_curve(name='curve', experiment=Experiment(power, X, pilot=Pilot(0.7, 0.4)), cases=({'cv': '1/2'},))"
    target = claims(f"{WRONG_ONCE}, {curve}")
    tests = selected(pytester, "--rates", target, *words)
    assert [test.name for test in tests] == ["my:two[s=1]", "my:two[s=3/2]", "my:curve[cv=1/2]"]
    whole = check(target, options=replace(tests[0].options, case=None), engine_name="serial", store=None)
    alone = [result for test in tests for result in test.run().results]
    assert decided(alone) == decided(whole.results)
    assert [str(test.run().claims[0].outcome) for test in tests] == ["consistent", "refuted", "consistent"]


def test_a_family_wise_level_is_split_as_in_a_whole_run(claims, pytester, bed):
    pytester.makepyprojecttoml("[tool.rates]\nfamily-level = 1e-4")
    target = claims(f"{TWO}, tiny()")
    tests = selected(pytester, "--rates", target)
    whole = check(target, options=replace(tests[0].options, case=None, family_level=1e-4), engine_name="serial",
                  store=None)  # fmt: skip
    assert [r.alpha for t in tests for r in t.run().results] == [r.alpha for r in whole.results]
    header = "rates: profile quick, seed 0, 2 claims, 3 cases, level 5e-05 a claim, family-wise 0.0001"
    assert lines(bed("--rates", target), "rates: profile") == [header]


def test_a_curve_may_carry_a_case_if_the_experiment_carries_another(claims, pytester, bed):
    checks = (
        '(Check("curve-law", "slope", Margin(0.01), x=tuple(10.0**k for k in range(1, 8))),'
        ' Check("experiment-curve", "level", Margin(0.1), only="scale < 2", profile="{profile}"))'
    )
    claim = (
        'with_curve(cases=({{"scale": "1"}}, {{"scale": "2"}}), checks={checks}, controls=(flat("-1/2", "curve-law"),))'
    )
    for profile, outcomes in (("quick", ["consistent"] * 2), ("ci", ["inconclusive"] * 2)):
        file = claims(claim.format(checks=checks.format(profile=profile)), f"{profile}.py")
        tests = selected(pytester, "--rates", file)
        assert [str(test.run().claims[0].outcome) for test in tests] == outcomes
    text = str(bed("--rates", "ci.py", "-k", "scale").stdout)
    assert text.count("  nothing judged involves the experiment") == 2
    assert text.count("  consistent  curve → law, slope") == 2


def test_workers_share_the_order_and_the_fresh_seed(claims, pytester):
    pytester.makepyfile(SUITE)
    words = ["--rates", claims(f"{WRONG}, {REFUTED}, tiny()"), "--rates-seed", "fresh", "-m", "rates", "-n", "2"]
    result = pytester.runpytest_subprocess(*words, "--strict-markers", "-p", "no:cacheprovider")
    result.assert_outcomes(passed=2, failed=4)
    [header] = lines(result, "rates: profile")
    level = "level 0.001 a claim, family-wise 0.003"
    seed = re.fullmatch(rf"rates: profile quick, seed (\d+), 3 claims, 4 cases, {level}", header)[1]
    commands = lines(result, "  reproduce")
    assert len(commands) == 3
    assert all(f"--seed {seed}" in command for command in commands)
    assert lines(result, "rates: 4") == [f"rates: 4 cases: 1 consistent, 3 refuted (seed {seed})"]
    assert "y falls too slowly" in str(result.stdout)


def test_the_catalogue_is_collected_whole(bed):
    result = bed("--rates-profile", "quick", "--collect-only", "-q")
    ids = lines(result, "rates::")
    assert len(ids) == len(set(ids)) > 60
    assert any(name.startswith("rates::ntk/averaged_sgd:minimax-rate[d=2, ") for name in ids)


def test_an_option_that_would_do_nothing_is_refused(pytester):
    answer = pytester.runpytest_inprocess("--rates-seed", "3")
    assert answer.ret == pytest.ExitCode.USAGE_ERROR
    answer.stderr.fnmatch_lines(["*--rates-seed needs --rates-profile or --rates: without them no claim is checked"])
