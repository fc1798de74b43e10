import pytest

from rates.catalogue import Located
from rates.claim import Claim
from rates.law import Law
from rates.sweep import Job, Task, engine, run_task


@pytest.mark.parametrize(
    ("name", "jobs", "says"),
    [
        ("threads", 1, "unknown engine 'threads': use serial, processes, dask:local"),
        ("dask:nowhere", 1, "names no scheduler"),
        ("processes", 0, "must be at least 1, got 0"),
    ],
)
def test_an_engine_that_is_not_there_is_one_sentence(name, jobs, says):
    with pytest.raises(ValueError, match=says), engine(name, jobs):
        pass


def test_a_claim_without_the_leg_is_refused():
    claim = Claim(name="c", statement="", law=Law.power("n", "-1"))
    with pytest.raises(ValueError, match="has no experiment"):
        Job.measure(Located("c", claim, ""), {}, replicates=4, seed=0, fingerprint="f")
    for kind in ("curve", "measure"):
        task = Task("", "c", {}, {}, kind, (1.0,), (0, 1), 1, 0, "cpu", "float64", claim)
        assert "c has no" in (run_task(task).error or "")
    missing = Task("no.such.module", "c", {}, {}, "curve", (1.0,), (0, 1), 1, 0, "cpu", "float64")
    assert "no.such.module cannot be imported" in (run_task(missing).error or "")
