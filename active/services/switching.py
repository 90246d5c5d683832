"""Turn learning on, with a first round at once where there is something to ask."""

from __future__ import annotations

from typing import Any

from active.models import LearningSettings, Round
from active.services import learning, requests
from annotation.models import Project, User


def turn_on(*, project: Project, by: User, **changes: Any) -> LearningSettings:
    """Let rounds start by themselves from now on. Raises like learning.turn_on; harmless when it is on."""
    settings = learning.turn_on(project=project, by=by, **changes)
    # The sweep would start it too, some seconds later, and for nobody.
    if requests.trigger_of(settings) == Round.Trigger.START:
        requests.request(project=project, by=by, trigger=Round.Trigger.START)
    return settings
