import numpy as np

from active.learners import LEARNERS
from active.replay import Options, compare, named
from tests.active.replay.help import clouds

OPTIONS = Options(LEARNERS["logistic"], start=10, batch=20, budget=50)
STRATEGIES = named(["random", "margin"])


def test_every_strategy_runs_with_every_seed():
    runs = list(compare(clouds(), STRATEGIES, [3, 5], OPTIONS))

    assert {(run.strategy, run.seed) for run in runs} == {
        (name, seed) for name in STRATEGIES for seed in (3, 5)
    }


def test_processes_change_nothing_but_the_order():
    alone, together = (list(compare(clouds(), STRATEGIES, [0], OPTIONS, processes=n)) for n in (1, 2))

    found = {run.strategy: run.curve for run in together}
    for run in alone:
        np.testing.assert_array_equal(run.curve.asked, found[run.strategy].asked)
        np.testing.assert_allclose(run.curve.accuracy, found[run.strategy].accuracy)
