"""How much a sweep sends to a cluster, which grows and shrinks meanwhile."""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future

import numpy as np
import pytest
from tiny_claims import located, tiny

from rates.engines import Elastic
from rates.store import Store
from rates.sweep import Job, Sweeper, TaskResult

POINTS, BLOCK, FIRST = 4, 8, 8


class Cluster(Elastic):
    """Answers the oldest question once four a worker are asked, and says that a block takes a hundredth of a second."""

    def __init__(self, workers: int) -> None:
        self.count, self.most, self.blocks = workers, 0, 0
        self.asked: deque[tuple[Future[TaskResult], int]] = deque()

    @property
    def workers(self) -> int:
        return self.count

    def submit(self, fn, /, task):
        future: Future[TaskResult] = Future()
        self.asked.append((future, task.replicates[1] - task.replicates[0]))
        self.most = max(self.most, len(self.asked))
        if len(self.asked) >= 4 * self.count:
            self.answer()
        return future

    def answer(self) -> None:
        future, replicates = self.asked.popleft()
        self.blocks = max(self.blocks, replicates // BLOCK)
        future.set_result(TaskResult(np.ones((replicates, 1, 1)), None, 0.01 * replicates / BLOCK))

    def jobs(self, count: int) -> Iterator[Job]:
        for scale in range(count):
            yield Job.measure(located(tiny()), {}, {"scale": scale}, replicates=FIRST, seed=0, fingerprint="f")
        while self.asked:  # nothing more is asked: what is left is answered
            self.answer()

    def run(self, count: int, decide: Callable[..., range | None]) -> None:
        with Store.open(None) as store:
            Sweeper(store, self).run(self.jobs(count), decide, on_error=print)


@pytest.mark.parametrize(("workers", "blocks"), [(1, 5), (100, 40)])
def test_there_are_four_tasks_a_worker_and_they_are_the_longer_the_more_there_are(workers, blocks):
    """Five blocks of 10 ms are 50 ms; of 100 workers, each gets tasks that last 100 times the 4 ms that one costs."""
    cluster = Cluster(workers)
    enough = 4 * workers // POINTS + 50
    more = range(FIRST, FIRST + 100 * BLOCK)
    cluster.run(enough, lambda job, m: more if job.settings["scale"] == 0 and len(m.values) == FIRST else None)
    assert cluster.most == 4 * workers
    assert cluster.blocks == blocks


def test_a_cluster_that_grows_gets_more():
    cluster = Cluster(1)

    def decide(job, measurement):
        cluster.count = 3

    cluster.run(20, decide)
    assert cluster.most == 12


class Unreliable(Cluster):
    """A cluster in which every fifth answer is an error; questions that were called off get none."""

    answers = 0

    def answer(self) -> None:
        self.answers += 1
        if self.asked[0][0].cancelled():
            self.asked.popleft()
        elif self.answers % 5:
            super().answer()
        else:
            self.asked.popleft()[0].set_result(TaskResult(np.empty((0, 0, 0)), None, 0.0, "it fell over"))


def test_what_is_measured_waits_and_runs_adds_up_to_all_that_was_asked_for():
    cluster, more, told = Cluster(2), range(FIRST, 20 * BLOCK), []

    def decide(job, measurement):
        wanted = more if len(measurement.values) == FIRST and job.settings["scale"] % 2 else None
        asked.append(0 if wanted is None else POINTS * len(wanted))
        return wanted

    def jobs():
        for job in cluster.jobs(20):
            asked.append(POINTS * FIRST)
            yield job

    asked: list[int] = []
    with Store.open(None) as store:
        Sweeper(store, cluster).run(
            jobs(), decide, on_error=print,
            on_progress=lambda p: told.append((p, sum(asked), p.measured + p.waiting + p.running)),
        )  # fmt: skip
    assert all(found == wanted for _, wanted, found in told)
    assert min(max(p.waiting for p, _, _ in told), max(p.running for p, _, _ in told)) > 0
    last = told[-1][0]
    assert (last.measured, last.waiting, last.running, last.finished_jobs) == (sum(asked), 0, 0, 20)


def test_what_was_called_off_neither_waits_nor_runs():
    cluster, told, failed = Unreliable(2), [], []
    with Store.open(None) as store:
        Sweeper(store, cluster).run(
            cluster.jobs(20), lambda job, m: range(FIRST, 20 * BLOCK) if len(m.values) == FIRST else None,
            on_error=lambda job, message: failed.append(message), on_progress=told.append,
        )  # fmt: skip
    assert 0 < len(failed) <= 20
    assert set(failed) == {"it fell over"}
    assert (told[-1].waiting, told[-1].running, told[-1].finished_jobs) == (0, 0, 20)
