import numpy as np
import pytest

from rates.experiment import Curve, Experiment, MeasurementError, Pilot, accepted, knobs, shaped
from rates.streams import streams

X = (2.0, 4.0, 8.0)
STREAMS = streams(0, "c", "", range(4))


def returning(value, **options) -> Experiment:
    return Experiment(lambda x, streams: value, x=X, **options)


@pytest.mark.parametrize(
    ("value", "options", "x", "shape"),
    [
        (np.ones(4), {}, 2.0, (4, 1, 1)),
        (np.ones((4, 1)), {}, 2.0, (4, 1, 1)),
        ([1, 2, 3, 4], {}, 2.0, (4, 1, 1)),
        (np.ones((4, 2)), {"estimand": "separation"}, 2.0, (4, 1, 2)),
        (np.ones((4, 3)), {"axis": "time"}, None, (4, 3, 1)),
        (np.ones((4, 3, 2)), {"axis": "time", "estimand": "separation"}, None, (4, 3, 2)),
        (np.ones((4, 2)), {"estimand": "control-variate", "control_mean": lambda x: 1.0}, 2.0, (4, 1, 2)),
    ],
)
def test_shapes_that_are_understood(value, options, x, shape):
    assert returning(value, **options).run(x, STREAMS, {}).shape == shape


@pytest.mark.parametrize(
    ("value", "options", "x", "says"),
    [
        (np.ones(3), {}, 2.0, r"returned shape \(3,\), expected 4 replicates × 1 points × 1 components"),
        (np.ones((4, 2)), {}, 2.0, r"returned shape \(4, 2\)"),
        (np.ones(4), {"estimand": "separation"}, 2.0, r"returned shape \(4,\)"),
        (np.ones((4, 2)), {"axis": "time"}, None, "expected 4 replicates × 3 points"),
        (1.0, {}, 2.0, r"returned shape \(\)"),
        ([1, 1, np.nan, 1], {}, 2.0, "not finite"),
        ([1, 1, -np.inf, 1], {}, 2.0, "not finite"),
        ([1, 1, -0.25, 1], {}, 2.0, r"negative value \(-0.25\)"),
        ([1, 1, 1e200, 1], {}, 2.0, r"a value beyond 1e\+150: give y in larger units"),
        (np.array([1, 1, 1j, 1]), {}, 2.0, "the experiment returned complex numbers"),
        (["1", "1", "1", "1"], {}, 2.0, "the experiment returned no numbers"),
        (None, {}, 2.0, "the experiment returned no array of numbers: float"),
        ([[1], [1, 2]], {}, 2.0, "the experiment returned no array of numbers"),
        (np.ma.masked_array(np.ones(4), [True, False, False, False]), {}, 2.0, "the experiment returned masked values"),
    ],
)
def test_what_is_not_a_measurement_is_refused_in_one_sentence(value, options, x, says):
    with pytest.raises(MeasurementError, match=says) as error:
        returning(value, **options).run(x, STREAMS, {})
    assert "\n" not in str(error.value)


def test_a_control_variate_may_be_negative():
    pair = np.array([[1.0, -1.0]] * 4)
    experiment = returning(pair, estimand="control-variate", control_mean=lambda x: 0.0)
    assert experiment.run(2.0, STREAMS, {})[0, 0, 1] == -1.0


def test_a_trajectory_the_wrong_way_round_is_refused():
    with pytest.raises(MeasurementError, match="returned shape"):
        shaped(np.arange(12.0).reshape(3, 4), 4, 3, 1)


def test_a_deterministic_experiment_is_called_once_with_all_x():
    experiment = Experiment(lambda x, power=1: x**-power, x=X, numerical_error=1e-12)
    assert experiment.deterministic
    values = experiment.run(None, (), {"power": 2, "unknown": 3})
    assert values.shape == (1, 3, 1)
    assert values.ravel().tolist() == [x**-2 for x in X]


def test_sizes_come_as_whole_numbers_and_only_named_parameters_are_passed():
    def measure(n, streams, depth, device="cpu"):
        assert (n, type(n), depth, device) == (4, int, 2, "cuda")
        return [1.0 for _ in streams]

    given = {"depth": 2, "device": "cuda", "dtype": "float64"}
    assert Experiment(measure, x=X).run(4.0, STREAMS, given).shape == (4, 1, 1)
    assert accepted(measure, given) == {"depth": 2, "device": "cuda"}
    assert accepted(lambda x, **rest: rest, given) == given
    assert knobs(measure) == {"device": "cpu"}


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"x": (1, 4, 2)}, "must be finite and increase"),
        ({"x": (1, 2)}, "at least three x, got 2"),
        ({"x": X, "block": 0}, "block must be at least 1"),
        ({"x": X, "estimand": "control-variate"}, "go together"),
        ({"x": X, "control_mean": lambda x: 1.0}, "go together"),
    ],
)
def test_an_experiment_that_cannot_work_is_refused(options, says):
    with pytest.raises(ValueError, match=says):
        Experiment(lambda x, streams: x, **options)


def test_curves_have_parts_and_are_checked():
    x = np.array(X)
    assert Curve(lambda x, c=1: c / x).run(x, {"c": 2})["total"].tolist() == [1.0, 0.5, 0.25]
    parts = Curve(lambda x: {"bias": 1 / x, "variance": -0.1 / x}).run(x, {})
    assert list(parts) == ["bias", "variance"]
    with pytest.raises(MeasurementError, match=r"returned shape \(2,\) for total, expected \(3,\)"):
        Curve(lambda x: x[:2]).run(x, {})
    with pytest.raises(MeasurementError, match=r"not finite and non-negative at x = \[8.0\]"):
        Curve(lambda x: 5 - x).run(x, {})
    with pytest.raises(MeasurementError, match="not finite"):
        Curve(lambda x: x * np.nan).run(x, {})


def test_a_pilot_from_a_coefficient_of_variation():
    pilot = Pilot.from_cv(0.3, [1, np.e, np.e**2])
    assert pilot.level == pytest.approx(0.3 / 3**0.5)
    assert pilot.slope == pytest.approx(0.3 / 2**0.5)


def test_the_mean_of_a_variate_is_one_number_an_x():
    x = np.array(X)
    for mean, says in [(np.ones(2), "3 finite numbers"), (np.nan, "3 finite numbers"), (1j, "complex numbers")]:
        experiment = returning(1.0, estimand="control-variate", control_mean=lambda x, mean=mean: mean)
        with pytest.raises(MeasurementError, match=f"the control mean .*{says}"):
            experiment.known_mean(x, {})
    constant = returning(1.0, estimand="control-variate", control_mean=lambda x: 2)
    np.testing.assert_array_equal(constant.known_mean(x, {}), [2.0, 2.0, 2.0])
    assert returning(1.0).known_mean(x, {}) is None


@pytest.mark.parametrize(
    ("value", "says"), [(np.array([1, 1j, 1]), "complex"), ({}, "no parts"), (["a"], "no numbers")]
)
def test_what_is_not_a_curve_is_refused(value, says):
    with pytest.raises(MeasurementError, match=f"the curve returned {says}"):
        Curve(lambda x: value).run(np.array(X), {})


@pytest.mark.parametrize("error", [-1.0, np.nan, np.inf])
def test_the_error_of_a_curve_is_a_finite_number(error):
    with pytest.raises(ValueError, match="the relative error of a curve must be a finite number from 0 on"):
        Curve(lambda x: x, error)
