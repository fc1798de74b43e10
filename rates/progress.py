"""What a person sees while a run goes on: a bar on a terminal, now and then a line anywhere else."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

from rates.session import Event

_SECONDS_BETWEEN_LINES = 10.0


@contextmanager
def display(stream: TextIO | None = None) -> Iterator[Callable[[Event], None]]:
    """Yield the function that shows an event on the stream (stderr), and clear the bar at the end."""
    target = sys.stderr if stream is None else stream
    if target.isatty():
        with _bar(target) as show:
            yield show
    else:
        yield _lines(target)


def measured_and_left(event: Event) -> tuple[int, int]:
    """Return how many replicates there are (found in the store or measured now) and how many are asked for still."""
    progress = event.progress
    return progress.measured + progress.reused, progress.waiting + progress.running


def what(event: Event) -> str:
    """Return what is being measured: claim, case, and what a control changed."""
    job = event.progress.job
    changed = f" [{job.variant}]" if job.variant else ""
    case = ", ".join(f"{name}={value}" for name, value in job.case.items())
    return f"{'curve of ' if job.kind == 'curve' else ''}{job.address}{f' ({case})' if case else ''}{changed}"


def so_far(event: Event) -> str:
    """Return the outcome so far: `12 of 40 decided, none wrong`."""
    return f"{event.decided} of {event.trials} decided, {event.wrong or 'none'} wrong"


def _lines(stream: TextIO) -> Callable[[Event], None]:
    last = time.monotonic()

    def show(event: Event) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= _SECONDS_BETWEEN_LINES:
            last = now
            measured, left = measured_and_left(event)
            print(f"{so_far(event)}; {measured} measured, {left} left; now {what(event)}", file=stream, flush=True)

    return show


@contextmanager
def _bar(stream: TextIO) -> Iterator[Callable[[Event], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
    from rich.table import Column

    columns = (
        TextColumn("{task.description}", markup=False, table_column=Column(ratio=2, no_wrap=True)),
        BarColumn(table_column=Column(ratio=1)),
        TextColumn("{task.fields[so_far]}", markup=False, table_column=Column(no_wrap=True)),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(file=stream), transient=True, expand=True) as progress:
        task = progress.add_task("starting the workers", total=None, so_far="")

        def show(event: Event) -> None:
            measured, left = measured_and_left(event)
            progress.update(
                task, description=what(event), completed=measured, total=measured + left, so_far=so_far(event)
            )

        yield show
