"""docs/rest.md is true: its commands run as they stand, one after the other, against a real server."""

from __future__ import annotations

import csv
import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from annotation.models import Dataset
from annotation.services import import_run, words
from annotation.snapshots import making
from tests.factories import make_user

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

TOUR = Path(__file__).parents[2] / "docs" / "rest.md"
# What the reader takes from one answer into the next command.
TAKEN = {
    "TOKEN": lambda body: body.get("token"),
    "PROJECT": lambda body: body.get("id") if "annotations_per_item" in body else None,
    "DATASET": lambda body: body.get("id") if "rows_read" in body else None,
    "LEASE": lambda body: (
        body["leases"][0]["id"] if body.get("status") == "ok" and "id" not in body else None
    ),
    "ITEM": lambda body: body["leases"][0]["item"]["id"] if body.get("leases") else None,
}


def commands():
    """Each command of each block; the first one names the server, which is another here."""
    found = re.findall(r"^```sh\n(.*?)^```", TOUR.read_text(), re.MULTILINE | re.DOTALL)
    return [
        command
        for block in found[1:]
        for command in re.split(r"^(?=curl|printf)", block, flags=re.MULTILINE)
        if command
    ]


def run(command, folder, variables):
    """The status and the body that a command is answered with; None for one that asks nothing."""
    script = command.replace("curl -s", r"curl -s -w '\n%{http_code}'", 1)
    done = subprocess.run(
        ["bash", "-eu", "-c", script],
        cwd=folder,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, (command, done.stderr)
    if not command.startswith("curl"):
        return None
    body, _, status = done.stdout.rpartition("\n")
    return int(status), json.loads(body) if body else {}


def work():
    """What a worker does with a waiting import."""
    dataset = Dataset.objects.get()
    import_run.run(dataset_id=dataset.pk)
    words.index_dataset(dataset_id=dataset.pk)


def test_the_commands_of_the_tour_run_as_they_stand(live_server, tmp_path):
    boss = make_user("manager", can_create_projects=True)
    boss.set_password("querent-demo")
    boss.save()
    make_user("annotator1")
    variables = {"SERVER": live_server.url}
    answered = []
    for command in commands():
        if (answer := run(command, tmp_path, variables)) is None:
            continue
        answered.append(answer)
        for name, value in TAKEN.items():
            if (taken := value(answer[1])) is not None:
                variables[name] = str(taken)
        if "-F file" in command:
            work()
        if answer[1].get("url", "").endswith(f"/snapshots/{answer[1].get('id')}/"):
            making.run(snapshot_id=answer[1]["id"])

    statuses = [status for status, _ in answered]
    bodies = [body for _, body in answered]
    assert statuses == [
        200,
        200,
        201,
        201,
        202,
        200,
        200,
        200,
        201,
        201,
        201,
        204,
        200,
        201,
        200,
        200,
        200,
        200,
        200,
        200,
        202,
        200,
        200,
        200,
        200,
        202,
        200,
        200,
        200,
        200,
        200,
        202,
        200,
        200,
        409,
    ]
    assert [bodies[5][name] for name in ("status", "rows_read", "rows_imported")] == ["done", 3, 3]
    assert [item["key"] for item in bodies[6]["results"]] == ["c"]
    assert (bodies[13]["created"], len(bodies[13]["errors"])) == (2, 1)
    assert (bodies[17]["freshness"], bodies[17]["answers"]) == ("current", 1)
    assert bodies[21]["results"][0]["status"] == "waiting"
    assert [bodies[-3]["results"][0][name] for name in ("status", "row_count")] == ["done", 4]
    assert bodies[-2]["results"][0]["text"] == "added annotator1 as annotator"
    assert bodies[-1]["code"] == "conflict"
    lines = (tmp_path / "answers.jsonl").read_text().splitlines()
    assert [json.loads(line)["answer"] for line in lines] == [{"sentiment": "positive"}]
    with (tmp_path / "items.csv").open(newline="") as file:
        assert [row["key"] for row in csv.DictReader(file)] == ["a"]
