import numpy as np
import pandas as pd
import pytest

from rates.judge import DataError, judge
from rates.law import Law
from rates.result import Outcome


def table(slope=-0.5, replicates=30, cv=0.1, x=(10, 20, 40, 80), seed=0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    grid = np.tile(np.asarray(x, dtype=float), replicates)
    y = grid**slope * np.exp(cv * rng.standard_normal(len(grid)))
    return pd.DataFrame({"x": grid, "replicate": np.repeat(np.arange(replicates), len(x)), "y": y})


def test_a_table_is_decided():
    result = judge(table(), "-s/2", parameters={"s": 1})
    assert result.outcome is Outcome.CONSISTENT
    assert (result.predicted, result.margin, result.replicates) == (-0.5, 0.1, 30)
    assert result.interval[0] < result.estimate < result.interval[1]
    assert judge(table(), "-1").outcome is Outcome.REFUTED
    assert judge(table(replicates=3, cv=1.0), "-1/2").outcome is Outcome.INCONCLUSIVE


def test_a_law_of_any_form_will_do():
    assert judge(table(), Law.power("n", "-1/2", constant="1"), quantity="level").outcome is Outcome.CONSISTENT
    assert judge(table(-0.9), "-1/2", direction="upper").faster == pytest.approx(0.4, abs=0.05)


def test_a_curve_column_takes_the_place_of_the_law():
    frame = table().assign(theory=lambda f: f["x"] ** -0.5)
    assert judge(frame, "-1/2", curve_column="theory", quantity="level").outcome is Outcome.CONSISTENT
    frame["theory"] *= 2
    assert judge(frame, "-1/2", curve_column="theory", quantity="level").outcome is Outcome.REFUTED


def test_the_order_of_rows_does_not_matter():
    frame = table()
    assert judge(frame.sample(frac=1, random_state=3), "-1/2").estimate == judge(frame, "-1/2").estimate


def test_one_computed_replicate_has_a_numerical_error():
    frame = table(replicates=1, cv=0.0)
    assert judge(frame, "-1/2", numerical_error=1e-6, margin=0.01).outcome is Outcome.CONSISTENT


SPOILT = {
    "the table has no column 'replicate'": lambda f: f.drop(columns="replicate"),
    "the column 'y' holds 'many', which is not a number, in row 1": lambda f: f.assign(y="many"),
    "the column 'y' holds true and false, not numbers": lambda f: f.assign(y=True),
    "the column 'y' holds a number that is too large": lambda f: f.assign(y=[10**400] * len(f)),
    "beyond 1e+150": lambda f: f.assign(y=1e200),
    "the table has no rows": lambda f: f.iloc[:0],
    "the column 'replicate' is empty in row 3": lambda f: f.assign(replicate=f["replicate"].where(f.index != 2)),
    "the column 'y' is not finite in row 3": lambda f: f.assign(y=f["y"].where(f.index != 2)),
    "x = 10 appears twice in replicate 0": lambda f: pd.concat([f, f.head(1)]),
    "replicate 0 has no y at x = 10": lambda f: f.iloc[1:],
    "a rate needs at least three x, got 2": lambda f: f[f["x"] < 30],
    "x must be positive, got -10": lambda f: f.assign(x=f["x"].replace(10.0, -10.0)),
    "the table has a negative value": lambda f: f.assign(y=-f["y"]),
    "one replicate has no error bar": lambda f: f[f["replicate"] == 0],
}


@pytest.mark.parametrize("says", SPOILT)
def test_a_table_that_cannot_be_judged_is_one_sentence(says):
    with pytest.raises(DataError) as error:
        judge(SPOILT[says](table()), "-1/2")
    assert says in str(error.value)
    assert "\n" not in str(error.value)


def test_arguments_that_contradict_the_table():
    frame = table().assign(curve=lambda f: np.arange(len(f)) + 1.0, zero=0.0)
    for changes, says in [
        ({"curve_column": "nothing"}, "the table has no column 'nothing'; columns found: x, replicate, y"),
        ({"curve_column": "curve"}, "has two values at one x"),
        ({"curve_column": "zero"}, "the column 'zero' must be positive"),
        ({"numerical_error": 1e-6}, "a numerical error goes with one replicate, the table has 30"),
        ({"quantity": "level"}, "a level needs a reference"),
        ({"margin": 0.0}, "the margin must be positive"),
        ({"margin": float("nan")}, "the margin must be positive"),
        ({"alpha": 0.7}, "alpha must lie between 0 and 0.5"),
    ]:
        with pytest.raises(DataError, match=says):
            judge(frame, "-1/2", **changes)
    with pytest.raises(ValueError, match="needs s; given: none"):
        judge(frame, "-s")
