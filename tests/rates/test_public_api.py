import pickle
import subprocess
import sys

import pytest

import rates


def python(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()


def test_everything_public_is_there():
    for name in rates.__all__:
        assert getattr(rates, name) is not None
        assert name in dir(rates)
    assert set(rates.__all__) >= {"Claim", "Law", "Source", "Check", "Control", "Condition", "Margin", "Experiment",
                                  "Curve", "Pilot", "Stream", "check", "compare", "judge",
                                  "assert_consistent"}  # fmt: skip


def test_what_is_not_there_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'rates' has no attribute 'verify'"):
        rates.verify  # noqa: B018


def test_importing_is_light():
    loaded = python("import sys, rates, rates.pytest_plugin; print(*sys.modules)").split()
    assert not {"pandas", "scipy", "plotly", "torch", "numpy", "sympy", "rich", "typer"} & set(loaded)


def test_stating_a_claim_needs_neither_tables_nor_plots():
    loaded = python("import sys\nfrom rates import Claim, Experiment, Law, Stream\nprint(*sys.modules)").split()
    assert not {"pandas", "scipy", "plotly", "torch"} & set(loaded)


@pytest.mark.parametrize(
    "first",
    [
        "import rates.check, rates.judge, rates.compare", "from rates.check import locate", "import rates.assertion",
        "from rates.compare import Rules", "import rates.compare.whole",
    ],
)  # fmt: skip
def test_functions_stay_functions_whatever_is_imported_first(first):
    kinds = "*(type(f).__name__ for f in (rates.check, rates.judge, rates.compare))"
    assert python(f"import rates\n{first}\nprint({kinds})") == "function function function"


def test_a_claim_can_be_sent_to_another_process():
    from tiny_claims import tiny

    claim = tiny()
    assert pickle.loads(pickle.dumps(claim)).name == claim.name


def test_check_from_python():
    from tiny_claims import tiny

    run = rates.check(tiny(), options=rates.Options(profile="quick", seed=2), store=None)
    assert run.claims[0].outcome is rates.Outcome.CONSISTENT
    run.assert_consistent()
