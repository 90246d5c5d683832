"""kill -9 of every part in the middle of labeling: nothing confirmed is lost, nothing doubled, nothing stuck."""

from __future__ import annotations

import time

import pytest

from tests.config.processes import wait_for
from tests.faults.system import Labeler, running
from tests.invariants import WRONG

pytestmark = pytest.mark.slow
ITEMS, OVERLAP, PEOPLE = 900, 2, 4


def test_nothing_confirmed_is_lost_whatever_is_killed(tmp_path):
    tmp_path.chmod(0o755)
    with running(tmp_path) as system:
        seeded = system.seed(items=ITEMS, people=PEOPLE, overlap=OVERLAP)
        labelers = [Labeler(system, token, pause=0.02) for token in seeded["tokens"]]
        for labeler in labelers:
            labeler.start()
        for part in ("web", "postgres", "redis", "worker", "beat", "postgres", "web"):
            time.sleep(0.7)
            system.kill(part)
            time.sleep(0.3)
            wait_for(system.works, seconds=60)
        for labeler in labelers:
            labeler.join(240)

        confirmed = {nonce: kept for labeler in labelers for nonce, kept in labeler.confirmed.items()}
        kept = dict(system.query("SELECT nonce, id FROM annotation_annotation"))
        wrong = system.query(WRONG, seeded["project"])
        states = system.query("SELECT state, count(*) FROM annotation_item GROUP BY state")

    assert [labeler.refused for labeler in labelers] == [[]] * PEOPLE
    assert confirmed == kept
    assert len(kept) == ITEMS * OVERLAP
    assert wrong == []
    assert states == [("resolved", ITEMS)]
