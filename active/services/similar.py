"""Similar items: turned on and off, and what is due. Workers fill and index the vectors (services/similar_index.py)."""

from __future__ import annotations

from django.db import connection, transaction

from active.models import SimilarSearch
from annotation.errors import Conflict, NotFound
from annotation.models import Project, User
from annotation.models.item import UNSEEN_FOR
from annotation.roles import Action
from annotation.services import jobs
from annotation.services.access import check

State = SimilarSearch.State

# New items, other contents, other shards or another encoder: then there is something to do. Not while an import runs, which
# would have it begin again with every batch. A change is seen some time after its moment: once that is over, it is looked
# for again from that much earlier on.
_ARM = """
UPDATE active_similarsearch s
SET state = 'waiting', attempts = 0, started_at = NULL, heartbeat_at = NULL, finished_at = NULL
FROM annotation_project p
WHERE s.state = 'done' AND p.id = s.project_id AND p.archived_at IS NULL
  AND NOT EXISTS (SELECT 1 FROM annotation_dataset d WHERE d.project_id = p.id AND d.state = 'running')
  AND (
    EXISTS (SELECT 1 FROM annotation_item i WHERE i.project_id = p.id AND i.id > s.last_item)
    OR EXISTS (SELECT 1 FROM annotation_item i WHERE i.project_id = p.id AND i.payload_changed_at >= s.started_at)
    OR s.started_at < now() - make_interval(secs => %(unseen)s) AND EXISTS (
      SELECT 1 FROM annotation_item i WHERE i.project_id = p.id AND i.payload_changed_at >= s.started_at - make_interval(secs => %(unseen)s)
    )
    OR EXISTS (SELECT 1 FROM active_embeddingshard h WHERE h.encoder_id = s.encoder_id AND h.id > s.last_shard)
    OR s.encoder_id IS DISTINCT FROM (
      SELECT e.id FROM active_encoder e WHERE e.project_id = p.id AND e.state = 'ready' ORDER BY e.version DESC LIMIT 1
    )
  )
"""


def search_of(project: Project) -> SimilarSearch | None:
    """How far similar items of this project can be found; None where nobody asked for that."""
    return SimilarSearch.objects.select_related("encoder").filter(project=project).first()


@transaction.atomic
def turn_on(*, project: Project, by: User) -> SimilarSearch:
    """Let similar items be found: the row is the pending work. Harmless when it is on; what failed is tried again.

    Raises NotAllowed, Conflict for an archived project.
    """
    check(user=by, project=project, action=Action.IMPORT)
    if project.archived_at:
        raise Conflict("The project is archived; restore it first.")
    found, _ = SimilarSearch.objects.get_or_create(project=project, defaults={"created_by": by})
    if found.state in {State.FAILED, State.CANCELLED}:
        jobs.retry(found)
    return found


@transaction.atomic
def turn_off(*, project: Project, by: User) -> None:
    """Give the disk back: a worker removes the vectors, then the row. Raises NotAllowed, NotFound where it is not on."""
    check(user=by, project=project, action=Action.CONFIGURE)
    found = SimilarSearch.objects.filter(project=project).exclude(state=State.CANCELLED)
    if not found.update(state=State.CANCELLED):
        raise NotFound("Similar items are not searched in this project.")


def due() -> list[int]:
    """Projects whose vectors a worker should see to now, those that were turned off included."""
    with connection.cursor() as cursor:
        cursor.execute(_ARM, {"unseen": UNSEEN_FOR.total_seconds()})
    off = SimilarSearch.objects.filter(state=State.CANCELLED).values_list("pk", flat=True)
    return [*jobs.waiting(SimilarSearch), *off]
