"""`asv continuous` between commits that change nothing, change the code but not the result, or break the algorithm.

Every commit is checked whole, with the chapter's claims and their controls, in an environment that asv makes:
about a minute a commit on two cores, and a minute or two for the environment.
"""

from __future__ import annotations

import math

import pytest
from asv_clone import Answer, Clone

pytestmark = pytest.mark.workflow

FACTOR = "1.5"
CLAIMS = "ntk_claims.Claims."
MINIMAX, COUNTING = "ntk/averaged_sgd:minimax-rate", "ntk/spectrum:counting"
SCHEDULE, WEIGHTS, SPHERE = "dltheory/ntk/schedule.py", "dltheory/ntk/kernel_sgd.py", "dltheory/ntk/sphere.py"

BRANCHES = {
    "comment": [(SCHEDULE, "        ridge = scale", "        # The theorem's exponent.\n        ridge = scale")],
    # twice as fast at d = 2 and 10, other last bits at d = 10
    "faster": [(SPHERE, "np.linalg.norm(points, axis=1, keepdims=True)",
                'np.sqrt(np.einsum("nd,nd->n", points, points))[:, None]')],
    # the first step gets the weight of the last
    "average": [(WEIGHTS, "np.arange(sgd.horizon, 0, -1, dtype=np.float64)",
                 "np.arange(1, sgd.horizon + 1, dtype=np.float64)")],
    # algorithm and exact curve follow the schedule together: only the law can tell
    "ridge": [(SCHEDULE, "(-beta / (2 * r * beta + 1))", "(-beta / (2 * r * beta + 1) + 0.1)")],
    "broken": [
        ("dltheory/ntk/circle_sgd.py", "np.sqrt(model.energy)\n    return np.asarray(np.einsum",
         "np.sqrt(-model.energy)\n    return np.asarray(np.einsum"),
        ("dltheory/ntk/spectrum.py", "def counting(", "def counting_(")
    ],
    # from before the suite, and before the first claim of the chapter
    "older": [("rates/catalogue/ntk/averaged_sgd.py", "CLAIMS = (MINIMAX, ", "CLAIMS = (")],
}  # fmt: skip


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Clone:
    made = Clone.make(tmp_path_factory.mktemp("asv"))
    for name, edits in BRANCHES.items():
        made.commit(name, *edits, remove="rates/asv.py" if name == "older" else None)
    return made


def continuous(clone: Clone, base: str, head: str) -> Answer:
    answer = clone.asv("continuous", "--bench", "track_", "--factor", FACTOR, "--show-stderr", base, head)
    print(answer.out)
    return answer


def line(name: str, claim: str) -> str:
    return f"{CLAIMS}track_{name}('{claim}')"


@pytest.mark.parametrize("branch", ["comment", "faster"])
def test_nothing_is_flagged_where_the_results_are_the_same(clone, branch):
    answer = continuous(clone, "main", branch)
    assert answer.code == 0
    assert answer.changed == {}
    assert clone.result(branch, f"{CLAIMS}track_outcome")[MINIMAX] == 1.0


@pytest.mark.parametrize(("branch", "quantity"), [("average", "level"), ("ridge", "slope")])
def test_a_broken_algorithm_is_flagged_by_the_name_of_the_claim(clone, branch, quantity):
    answer = continuous(clone, "main", branch)
    assert answer.code == 1
    assert answer.changed[line("outcome", MINIMAX)] == "+"
    assert answer.changed[line(quantity, MINIMAX)] == "+"
    assert clone.result(branch, f"{CLAIMS}track_outcome")[MINIMAX] == 1000.0
    assert clone.result("main", f"{CLAIMS}track_outcome")[MINIMAX] == 1.0


def test_a_crash_and_a_nan_are_failures_and_not_values(clone):
    answer = continuous(clone, "main", "broken")
    assert answer.code == 2
    assert f"{MINIMAX}: the experiment returned a value that is not finite" in answer.out
    for name in ("slope", "level", "outcome", "controls"):
        found = clone.result("broken", f"{CLAIMS}track_{name}")
        assert found[MINIMAX] is None
        assert found[COUNTING] is None
    assert clone.result("broken", f"{CLAIMS}track_outcome")["ntk/spectrum:degree-decay"] == 1.0


def test_a_claim_that_the_base_lacks_does_not_apply_there(clone):
    answer = continuous(clone, "older", "main")
    assert answer.code == 0
    assert answer.changed == {}
    for name in ("slope", "level", "outcome", "controls", "seconds"):
        before, now = (dict(clone.result(branch, f"{CLAIMS}track_{name}")) for branch in ("older", "main"))
        assert math.isnan(before.pop(MINIMAX))
        assert not math.isnan(now.pop(MINIMAX))
        assert before == pytest.approx(now, nan_ok=True, rel=0, abs=0)
