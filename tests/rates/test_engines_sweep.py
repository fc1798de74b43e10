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
