"""Figures for papers: what is drawn is what was decided, and nothing outside of the figure changes."""

from __future__ import annotations

import io
import math
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tiny_claims import X, tiny, with_curve

from rates.check import check
from rates.claim import Check, Margin
from rates.experiment import Experiment
from rates.judge import judge
from rates.law import Law
from rates.plan import Options
from rates.result import ClaimRun, Result, Run

matplotlib = pytest.importorskip("matplotlib")
from matplotlib.figure import Figure  # noqa: E402

sys.path.insert(0, str(Path(__file__).with_name("report")))
import report_fixture  # noqa: E402


def with_law(claim: ClaimRun) -> ClaimRun:
    """The fixtures of the reports are made by hand and know no law."""
    known = [replace(r, law=claim.claim.law, parameters=claim.claim.formula_parameters(r.case)) for r in claim.results]
    return replace(claim, results=tuple(known))


def result(claim: ClaimRun, comparison: str, quantity: str) -> Result:
    return next(r for r in claim.results if (r.comparison, r.quantity) == (comparison, quantity))


def line(axes, label: str) -> tuple[np.ndarray, np.ndarray]:
    """Return x and y of the line in a panel that has this label."""
    (found,) = [drawn for drawn in axes.lines if drawn.get_label() == label]
    return np.asarray(found.get_xdata(), float), np.asarray(found.get_ydata(), float)


def measured(axes) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return x, y and the ends (K, 2) of the error bars."""
    (container,) = axes.containers
    points, _, (bars,) = container
    ends = np.array([segment[:, 1] for segment in bars.get_segments()])
    return np.asarray(points.get_xdata(), float), np.asarray(points.get_ydata(), float), ends


def measured_marker(axes) -> str:
    (container,) = axes.containers
    return str(container[0].get_marker())


def bands(axes) -> list[np.ndarray]:
    """Return the corners of the filled bands of a panel: the interval first, the margin after it."""
    return [
        found.get_paths()[0].vertices for found in axes.collections if found.get_paths() and len(found.get_facecolor())
    ]


@pytest.fixture(scope="module")
def run() -> Run:
    return check(with_curve(law=Law.power("T", "-1")), options=Options(controls=False))


@pytest.fixture
def claim(run) -> ClaimRun:
    return with_law(run.claims[0])


def test_the_first_panel_shows_points_with_two_standard_errors_curve_law_and_fit(claim):
    told = result(claim, "experiment-law", "slope")
    top, _ = told.plot().axes
    x, y, ends = measured(top)
    assert x.tolist() == list(X)
    assert y.tolist() == [p.mean for p in told.points]
    two = np.array([2 * p.standard_error / p.mean for p in told.points])
    np.testing.assert_allclose(np.log(ends / y[:, None]), np.stack([-two, two], axis=1), rtol=1e-9)
    np.testing.assert_allclose(line(top, "curve")[1], 1 / np.array(X))
    np.testing.assert_allclose(np.diff(np.log(line(top, "law")[1])) / np.diff(np.log(X)), -1)
    fitted = line(top, f"fit, slope −{abs(told.estimate):.3f}")[1]
    np.testing.assert_allclose(np.diff(np.log(fitted)) / np.diff(np.log(X)), told.estimate)
    assert np.mean(np.log(fitted)) == pytest.approx(np.mean(np.log(y)))
    assert (top.get_xscale(), top.get_yscale(), top.get_ylabel()) == ("log", "log", "$y$")


def test_the_second_panel_holds_the_ratio_to_what_the_result_is_held_against(claim):
    told = result(claim, "experiment-curve", "level")
    _, bottom = told.plot().axes
    _, ratio, _ = measured(bottom)
    np.testing.assert_allclose(ratio, [p.mean / p.curve for p in told.points])
    assert bottom.get_ylabel() == "measured / curve"
    interval, margin = bands(bottom)
    assert (interval[:, 1].min(), interval[:, 1].max()) == pytest.approx(tuple(np.exp(told.interval)))
    assert (margin[:, 1].min(), margin[:, 1].max()) == pytest.approx((np.exp(-0.1), np.exp(0.1)))
    against_law = result(claim, "experiment-law", "slope").plot().axes[1]
    assert against_law.get_ylabel() == "measured / law"


def test_the_margin_of_a_slope_is_a_fan_about_the_middle_of_the_points(claim):
    told = result(claim, "experiment-curve", "slope")
    _, margin = bands(told.plot().axes[1])
    at_end = np.isclose(margin[:, 0], X[-1])
    spread = np.ptp(np.log(np.unique(margin[at_end, 1])))
    assert spread == pytest.approx(2 * 0.1 * np.log(X[-1] / X[0]) / 2)


def test_a_curve_followed_to_its_law_shows_its_local_slopes(claim):
    told = result(claim, "curve-law", "slope")
    top, bottom = told.plot().axes
    assert bottom.get_ylabel() == "local slope"
    assert bottom.lines[0].get_ydata().tolist() == list(told.local_slopes)
    assert len(top.containers) == 0
    np.testing.assert_allclose(line(top, "law")[1][-1], line(top, "curve")[1][-1])


def test_a_claim_shows_all_that_was_measured_against_its_curve(claim):
    top, bottom = claim.plot().axes
    assert measured(top)[0].tolist() == list(X)
    assert "fit" in top.get_legend().get_texts()[-3].get_text()
    assert bottom.get_ylabel() == "measured / curve"
    (alone,) = claim.plot(ax=Figure().subplots()).axes
    assert measured(alone)[0].tolist() == list(X)


def test_cases_are_picked_by_their_label():
    drawn = with_law(report_fixture.averaged_sgd())
    first, second = dict.fromkeys(r.case_label for r in drawn.results)
    values = [measured(drawn.plot(case).axes[0])[1].tolist() for case in (first, second, None)]
    assert values[0] == values[2] != values[1]
    with pytest.raises(ValueError, match="has no case 'd=9': known are d=2, r=3/4; d=2, r=1/2"):
        drawn.plot("d=9")


def test_the_axis_has_the_letter_of_the_law(claim):
    assert claim.plot().axes[-1].get_xlabel() == "$T$"
    for variable, label in {"lambda": r"$\lambda$", "n_1": "$n_{1}$", "cost in $": r"cost in \$"}.items():
        told = replace(result(claim, "experiment-law", "slope"), law=Law.power(variable, "-1"))
        assert told.plot().axes[-1].get_xlabel() == label


def test_an_exponential_law_has_a_linear_x_axis():
    drawn = with_law(report_fixture.exponential())
    told = result(drawn, "experiment-law", "slope")
    top, bottom = told.plot().axes
    assert (top.get_xscale(), bottom.get_xscale(), top.get_yscale()) == ("linear", "linear", "log")
    x, y = line(top, "fit, slope −0.096")
    np.testing.assert_allclose(np.diff(np.log(y)) / np.diff(x), told.estimate)


def test_an_upper_bound_has_no_margin_below():
    told = with_law(report_fixture.outer_rate()).results[0]
    bottom = told.plot().axes[1]
    low, high = bottom.get_ylim()
    corners = bands(bottom)[1]
    assert corners[np.isclose(corners[:, 0], 64.0), 1].min() < low
    assert corners[np.isclose(corners[:, 0], 4.0), 1].max() > high
    assert "at most 3.000 + 0.05" in bottom.get_title(loc="right")
    lower = replace(told, comparison="experiment-law", quantity="level", direction="lower", estimate=1.0, interval=None)
    assert bands(lower.plot().axes[1])[1][:, 1].max() > 1e20


def test_the_rate_of_approach_to_a_plateau_is_that_of_the_distance():
    x = (16.0, 64.0, 256.0, 1024.0)
    truth = 0.5 + np.array(x) ** -0.5
    values = truth * np.exp(0.01 * np.random.default_rng(0).standard_normal((9, 4)))
    told = report_fixture.result(
        "plateau", report_fixture.measured_points(x, values, {"total": truth}), form="plateau", predicted=-0.5,
        estimate=-0.49, interval=(-0.52, -0.46), law=Law.plateau("n", "1/2", approach="-1/2"),
    )  # fmt: skip
    bottom = told.plot().axes[1]
    assert bottom.get_ylabel() == "distance / law"
    ratio = measured(bottom)[1] / ((values.mean(axis=0) - 0.5) / np.array(x) ** -0.5)
    np.testing.assert_allclose(ratio, ratio[0])


def test_ratios_that_are_all_but_one_are_shown_by_their_distance():
    x = (8, 16, 32, 64)
    claim = tiny(law=Law.identity("n", "1"), controls=(), checks=(Check("experiment-law", "level", Margin(1e-6)),),
                 experiment=Experiment(lambda x: 1 + 1e-8 * np.arange(4), x, numerical_error=1e-7))  # fmt: skip
    told = replace(check(claim).results[0], law=claim.law)
    top, bottom = told.plot().axes
    assert (top.get_yscale(), bottom.get_ylabel()) == ("linear", "measured / law − 1")
    assert bottom.lines[1].get_ydata().tolist() == pytest.approx([0, 1e-8, 2e-8, 3e-8], abs=1e-15)


def test_without_curve_and_law_there_is_one_panel(claim):
    told = replace(result(claim, "experiment-law", "slope"), law=None)
    told = replace(told, points=tuple(replace(p, curve=None) for p in told.points))
    (panel,) = told.plot().axes
    _, y = line(panel, f"fit, slope −{abs(told.estimate):.3f}")
    np.testing.assert_allclose(np.diff(np.log(y)) / np.diff(np.log(X)), told.estimate)


def test_a_judged_table_can_be_drawn(run):
    judged = judge(run.claims[0].values_frame(), "-1")
    assert judged.plot().axes[0].containers[0][0].get_ydata().tolist() == [p.mean for p in judged.points]


@pytest.mark.parametrize("drawn", report_fixture.run().claims, ids=lambda claim: claim.address)
def test_whatever_came_out_is_drawn_or_refused_in_one_sentence(drawn):
    for thing in (with_law(drawn), *drawn.results[:3]):
        if any(len(r.points) > 1 for r in drawn.results):
            thing.plot().draw_without_rendering()
            continue
        with pytest.raises(ValueError, match="has fewer than two points to draw: ") as refused:
            thing.plot()
        assert "\n" not in str(refused.value)


def test_numbers_that_are_not_finite_are_left_out(claim):
    told = result(claim, "experiment-law", "slope")
    broken = replace(told, estimate=math.nan, interval=(-math.inf, math.inf))
    top, bottom = broken.plot().axes
    assert not any(str(drawn.get_label()).startswith("fit") for drawn in top.lines)
    assert bottom.get_title(loc="right") == ""
    open_ended = replace(told, interval=(-math.inf, told.interval[1]))
    open_ended.plot().draw_without_rendering()


def test_a_figure_is_one_column_wide_in_eight_points(claim):
    figure = claim.plot()
    assert figure.get_figwidth() == 3.4
    assert {axes.xaxis.label.get_size() for axes in figure.axes} == {8}
    assert figure.axes[0].get_title() == ""
    legend = figure.axes[0].get_legend()
    assert not legend.get_frame_on()
    assert [text.get_text() for text in legend.get_texts()][:3] == ["measured, 2 s.e.", "curve", "law"]


def test_what_is_drawn_differs_without_colour(claim):
    top = result(claim, "experiment-law", "slope").plot().axes[0]
    styles = {drawn.get_label(): (drawn.get_linestyle(), drawn.get_marker()) for drawn in top.lines}
    styles["measured"] = ("none", measured_marker(top))
    shown = [style for label, style in styles.items() if not label.startswith("_")]
    assert len(set(shown)) == len(shown) == 4


def test_fonts_are_embedded_as_truetype_whatever_the_settings_are(claim):
    figure = claim.plot()
    plain, ours = io.BytesIO(), io.BytesIO()
    Figure.savefig(figure, plain, format="pdf")
    figure.savefig(ours, format="pdf")
    assert b"/Type3" in plain.getvalue()
    assert b"/Type3" not in ours.getvalue()
    assert b"/FontFile2" in ours.getvalue()
    assert figure._repr_png_()[:4] == b"\x89PNG"


def test_settings_stay_as_they_were_and_nothing_is_registered():
    code = (
        "import io, sys, matplotlib\n"
        "sys.path[:0] = sys.argv[1:]\n"
        "def settings():\n"
        "    return {k: str(matplotlib.rcParams[k]) for k in matplotlib.rcParams if k != 'backend'}\n"
        "before = settings()\n"
        "import report_fixture\n"
        "claim = report_fixture.averaged_sgd()\n"
        "for figure in (claim.plot(), claim.results[2].plot()):\n"
        "    figure.savefig(io.BytesIO(), format='pdf')\n"
        "assert settings() == before\n"
        "assert 'matplotlib.pyplot' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code, str(Path(__file__).with_name("report"))], check=True)


def test_an_axes_of_ones_own_takes_the_first_panel(claim):
    figure = Figure()
    axes = figure.subplots(2)
    assert result(claim, "experiment-law", "slope").plot(axes[1]) is figure
    assert measured(axes[1])[0].tolist() == list(X)
    assert (axes[1].get_xlabel(), axes[0].lines[:]) == ("$T$", [])


def test_without_matplotlib_one_sentence_says_what_to_install(claim, monkeypatch):
    for name in [n for n in sys.modules if n.split(".")[0] == "matplotlib" or n.startswith("rates.figure")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ImportError, match=r"^a figure needs matplotlib: pip install 'dltheory\[plot\]'$"):
        claim.plot()
