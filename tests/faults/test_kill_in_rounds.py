"""kill -9 of workers, beat, broker and database while rounds go on: the queue follows in the end, and no answer is lost."""

from __future__ import annotations

import time

import pytest

from tests.config.processes import wait_for
from tests.faults.system import Labeler, running
from tests.invariants import WRONG

pytestmark = pytest.mark.slow
ITEMS, PEOPLE = 400, 2
ROUNDS = "SELECT state, count(*) FROM active_round GROUP BY state"
UNFINISHED = "SELECT count(*) FROM active_round WHERE state NOT IN ('done', 'failed', 'cancelled')"
FAILED = "SELECT error FROM active_round WHERE state = 'failed'"
TWICE = "SELECT count(*) FROM annotation_item WHERE answers > wanted"


class Knower(Labeler):
    """Says of every other item that it is positive, of the others that they are negative."""

    def answer(self, lease: int) -> None:
        nonce = f"{self.token[:9]}-{lease}"
        said = "positive" if lease % 2 else "negative"
        status, told = self.patiently(
            f"leases/{lease}/submit/", {"answer": {"sentiment": said}, "nonce": nonce}
        )
        if status in {200, 201}:
            self.confirmed[nonce] = told["id"]
        else:
            self.refused.append((status, told))


def test_rounds_come_to_their_end_whatever_is_killed(tmp_path):
    tmp_path.chmod(0o755)
    with running(tmp_path) as system:
        seeded = system.seed(items=ITEMS, people=PEOPLE, overlap=1)
        learning = f"projects/{seeded['project']}/learning/"
        settings = {"batch": 20, "new_labels": 10}
        assert system.call("PATCH", learning, seeded["manager"], settings)[0] == 200
        labelers = [Knower(system, token, pause=0.05) for token in seeded["tokens"]]
        for labeler in labelers:
            labeler.start()
        for n, part in enumerate(("worker", "redis", "worker", "postgres")):
            # Ever later in a round, each in another one: the third death at the same step would end it.
            system.call("POST", f"projects/{seeded['project']}/rounds/", seeded["manager"], {})
            time.sleep(0.4 + n)
            system.kill(part)
            wait_for(system.works, seconds=60)
            wait_for(lambda: system.query(UNFINISHED) == [(0,)], seconds=90)
        for labeler in labelers:
            labeler.join(240)
        wait_for(lambda: system.query(UNFINISHED) == [(0,)], seconds=90)

        states, failed = dict(system.query(ROUNDS)), system.query(FAILED)
        wrong, twice = system.query(WRONG, seeded["project"]), system.query(TWICE)

    assert [labeler.refused for labeler in labelers] == [[]] * PEOPLE
    assert sum(len(labeler.confirmed) for labeler in labelers) == ITEMS
    assert states.get("done", 0) >= 4
    assert failed == []
    assert wrong == []
    assert twice == [(0,)]
