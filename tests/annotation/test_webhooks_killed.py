"""A worker that is killed by kill -9 between sending a message and recording that it arrived."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from annotation.models import Delivery
from annotation.services import deliveries, webhooks
from tests import killable
from tests.annotation.receivers import receiving
from tests.factories import make_project

ROOT = Path(__file__).resolve().parents[2]
# The receiver has answered, and nothing of it is recorded yet.
_WORK = """
import os, signal, sys, django
django.setup()
from annotation.services import deliveries
deliveries._record = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
deliveries.deliver(webhook_id=int(sys.argv[1]))
"""


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_the_message_is_sent_again_under_the_same_id(settings: Any) -> None:
    settings.WEBHOOK_ALLOW_PRIVATE = True
    project = make_project()
    with receiving() as receiver:
        webhook = webhooks.create(project=project, by=project.created_by, url=receiver.url())
        sent = webhooks.ping(webhook=webhook, by=project.created_by)
        killed = subprocess.run(
            [sys.executable, "-c", _WORK, str(webhook.pk)],
            cwd=ROOT,
            env=killable.environment(WEBHOOK_ALLOW_PRIVATE="1"),
            check=False,
        )
        sent.refresh_from_db()
        assert (killed.returncode, sent.state, sent.attempts) == (-9, "waiting", 1)

        # Not at once, in case the worker lives after all.
        assert deliveries.deliver(webhook_id=webhook.pk) == 0
        Delivery.objects.update(next_at=timezone.now())
        assert deliveries.deliver(webhook_id=webhook.pk) == 1

        assert receiver.ids == [sent.message_id] * 2
