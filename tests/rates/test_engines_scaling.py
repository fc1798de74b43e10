"""The scripts behind the figures of docs/clusters.md: the model against formulas, and that they run."""

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FREE = 1e-12


@pytest.fixture(scope="module")
def model():
    return importlib.import_module("benchmarks.scaling.sweep_simulation")


def test_one_worker_and_nothing_else_takes_the_sum_of_its_tasks(model):
    found = model.simulate(200, 0.1, 1, model.Costs(FREE, FREE, FREE), spread=0.0)
    assert found.seconds == pytest.approx(20.0)
    assert found.workers == pytest.approx(1.0)
    assert found.bottleneck == "workers"


def test_a_task_alone_takes_each_step_once(model):
    found = model.simulate(1, 1.0, 8, model.Costs(0.02, 0.04, 0.08), spread=0.0)
    assert found.seconds == pytest.approx(0.02 + 0.04 + 0.08 + 1.0)


@pytest.mark.parametrize(
    ("workers", "costs", "bottleneck"),
    [(4, (1e-3, 1e-3), "workers"), (64, (1e-3, 4e-3), "scheduler"), (64, (4e-3, 1e-3), "client")],
)
def test_a_long_sweep_takes_as_long_as_its_busiest_part(model, workers, costs, bottleneck):
    given = model.Costs(*costs)
    found = model.simulate(4000, 0.05, workers, given, spread=0.0)
    assert found.bottleneck == bottleneck
    least = model.bound(4000, 0.05, workers, given)
    assert least <= found.seconds <= least * 1.1


def test_no_sweep_is_faster_than_its_bound_and_none_has_more_than_whole_servers(model):
    costs = model.Costs(2e-3, 2e-3)
    for tasks in (1, 7, 300):
        for workers in (1, 3, 50):
            found = model.simulate(tasks, 0.02, workers, costs, spread=0.0)
            assert found.seconds >= model.bound(tasks, 0.02, workers, costs)
            assert max(found.client, found.scheduler, found.workers) <= 1 + 1e-9


def test_measurements_travel_together_until_a_task_is_long_enough(model):
    sweep = model.Sweep(measurements=1000, seconds=0.004)
    assert sweep.in_tasks(0.0) == (1000, 0.004)
    assert sweep.in_tasks(0.05) == (77, pytest.approx(0.052))


def test_the_store_is_measured_by_a_script_that_runs():
    script = ROOT / "benchmarks" / "scaling" / "store_throughput.py"
    words = ["--rows", "2000", "--batches", "1", "16", "--replicates", "64"]
    answer = subprocess.run([sys.executable, script, *words], capture_output=True, text=True, timeout=120, check=True)
    assert answer.stdout.count("us CPU a row") == 2 * (10 + 1)
    assert answer.stdout.count("bytes a row") == 2


def test_a_sweep_of_many_cells_is_measured_by_a_script_that_runs():
    script = ROOT / "benchmarks" / "scaling" / "cell_throughput.py"
    words = ["--cells", "400"]
    answer = subprocess.run([sys.executable, script, *words], capture_output=True, text=True, timeout=120, check=True)
    assert answer.stdout.count("us a cell") == 6
    assert "392 cells, 3136 rows" in answer.stdout
    assert "(392 cells planned)" in answer.stdout
