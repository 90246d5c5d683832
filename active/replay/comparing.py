"""Several strategies with several seeds, one after the other or in processes."""

from __future__ import annotations

import multiprocessing
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from active.learners import Fit
from active.replay.annotators import Annotator, perfect
from active.replay.curves import Curve
from active.replay.examples import Examples
from active.replay.replaying import check, replay
from active.replay.strategies import Strategy

ARRAYS = ("features", "labels", "test_features", "test_labels")


@dataclass(frozen=True)
class Options:
    """How each replay goes; what goes to another process has to be picklable, so functions are named in a module."""

    learner: Fit
    start: int = 20
    batch: int = 50
    budget: int = 1000
    annotator: Annotator = perfect
    explore: float = 0.0

    def __post_init__(self) -> None:
        check(self.start, self.batch, self.budget, self.explore)


@dataclass(frozen=True, eq=False)
class Run:
    strategy: str
    seed: int
    curve: Curve


def compare(
    examples: Examples,
    strategies: Mapping[str, Strategy],
    seeds: Sequence[int],
    options: Options,
    *,
    processes: int = 1,
) -> Iterator[Run]:
    """Every strategy with every seed, each run as it is done; what comes does not depend on the number of processes.

    With more than one, they read the arrays from files in a temporary folder. Runs of one seed start and are answered
    alike, so that they can be compared pairwise.
    """
    jobs = [(name, strategy, seed) for seed in seeds for name, strategy in strategies.items()]
    if processes <= 1 or len(jobs) == 1:
        return (Run(name, seed, one(examples, strategy, seed, options)) for name, strategy, seed in jobs)
    return in_processes(examples, jobs, options, min(processes, len(jobs)))


def one(examples: Examples, strategy: Strategy, seed: int, options: Options) -> Curve:
    settings = {name: value for name, value in vars(options).items() if name != "learner"}
    return replay(examples, strategy, options.learner, seed=seed, **settings)


def in_processes(
    examples: Examples, jobs: list[tuple[str, Strategy, int]], options: Options, processes: int
) -> Iterator[Run]:
    with tempfile.TemporaryDirectory(prefix="replay-") as folder:
        for name in ARRAYS:
            np.save(Path(folder) / f"{name}.npy", getattr(examples, name))
        # Spawned, not forked: threads of a numerical library do not survive a fork.
        with ProcessPoolExecutor(
            processes, multiprocessing.get_context("spawn"), initializer=begin, initargs=(folder, options)
        ) as pool:
            names = {pool.submit(run, strategy, seed): (name, seed) for name, strategy, seed in jobs}
            try:
                for done in as_completed(names):
                    yield Run(*names[done], done.result())
            finally:
                pool.shutdown(cancel_futures=True)


_given: dict[str, tuple[Examples, Options]] = {}


def begin(folder: str, options: Options) -> None:
    """In each process, once."""
    # As many processes as cores, each with one thread, get more done than each with many.
    threadpool_limits(1)
    arrays = (np.load(Path(folder) / f"{name}.npy", mmap_mode="r") for name in ARRAYS)
    _given["now"] = Examples(*arrays), options


def run(strategy: Strategy, seed: int) -> Curve:
    examples, options = _given["now"]
    return one(examples, strategy, seed, options)
