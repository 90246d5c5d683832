"""kill -9 of the workers in the middle of refreshing the consensus: in the end it rests on every answer, and no run is lost."""

from __future__ import annotations

import time

import pytest

from tests.config.processes import wait_for
from tests.faults.system import Labeler, running
from tests.invariants import WRONG

pytestmark = pytest.mark.slow
ITEMS, OVERLAP, PEOPLE = 400, 2, 3
DUE = "SELECT count(*) FROM annotation_consensusdue"
PENDING = "SELECT count(*) FROM labelmodel_labelmodelrun WHERE state IN ('waiting', 'running')"
WITHOUT = """
SELECT i.key, i.answers, c.votes FROM annotation_item i LEFT JOIN annotation_consensus c ON c.item_id = i.id
WHERE c.votes IS DISTINCT FROM i.answers
"""


def test_the_consensus_rests_on_every_answer_whatever_is_killed(tmp_path):
    tmp_path.chmod(0o755)
    with running(tmp_path) as system:
        seeded = system.seed(items=ITEMS, people=PEOPLE, overlap=OVERLAP)
        labelers = [Labeler(system, token, pause=0.01) for token in seeded["tokens"]]
        for labeler in labelers:
            labeler.start()
        fit = f"projects/{seeded['project']}/label-model/runs/"
        for part in ("worker", "worker", "postgres", "beat", "worker"):
            time.sleep(1.5)
            for method in ("partial_pooling", "glad"):
                assert system.call("POST", fit, seeded["manager"], {"method": method})[0] == 202
            system.kill(part)
            wait_for(system.works, seconds=60)
        for labeler in labelers:
            labeler.join(240)
        wait_for(lambda: system.query(DUE) == [(0,)] and system.query(PENDING) == [(0,)], seconds=60)

        without, wrong = system.query(WITHOUT), system.query(WRONG, seeded["project"])
        failed = system.query("SELECT error FROM labelmodel_labelmodelrun WHERE state = 'failed'")

    assert [labeler.refused for labeler in labelers] == [[]] * PEOPLE
    assert without == []
    assert wrong == []
    assert failed == []
