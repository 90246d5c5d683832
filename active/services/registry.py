"""Which model of a question is in use: promoted when nothing speaks against it, refused with the reason, rolled back."""

from __future__ import annotations

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from active.models import Encoder, ModelVersion
from annotation.errors import Conflict, NotFound
from annotation.models import Project, User
from annotation.roles import Action
from annotation.services.access import check
from labelmodel.services.function_rules import sensitive_of

State = ModelVersion.State


def in_use(project: Project, question: str) -> ModelVersion | None:
    """The promoted model of a question."""
    used = ModelVersion.objects.filter(project=project, question=question, state=State.PROMOTED)
    return used.select_related("encoder").first()


def current_encoder(project: Project) -> Encoder | None:
    """The encoder whose vectors new items get."""
    ready = Encoder.objects.filter(project=project, state=Encoder.State.READY)
    return ready.order_by("-version").first()


def sensitive_vectors(project: Project, encoder: Encoder) -> str:
    """Why functions must not look at the vectors of this encoder; "" where they may."""
    wanted = encoder.options.get("wanted", {})
    parts = wanted.get("options", {}).get("parts") or [wanted]
    hidden = sensitive_of(project).intersection(name for one in parts for name in one.get("fields", ()))
    if not hidden:
        return ""
    return (
        f"Vectors of items are made of the field “{min(hidden)}”, which is marked as sensitive. Choose other fields for the "
        "encoder, and write a new version."
    )


def no_vote(project: Project, row: ModelVersion) -> str:
    """Why this version of a model cannot be a labeling function; "" where it can."""
    if row.encoder and (why := sensitive_vectors(project, row.encoder)):
        return why
    if "functions" in row.metrics.get("learned_from", {}):
        return (
            f"Model {row.version} learned from labeling functions: it would say again what they said. Name one that learned "
            "from people alone."
        )
    if not row.file:
        return f"What model {row.version} learned is not kept any more; name a later one."
    encoder = current_encoder(project)
    if encoder is None or encoder.pk != row.encoder_id:
        return f"Model {row.version} needs vectors of an encoder that is not used any more; name a later one."
    return ""


def next_version(project_id: int) -> int:
    latest = ModelVersion.objects.filter(project=project_id).aggregate(n=Max("version"))["n"]
    return int(latest or 0) + 1


def model_of(*, project: Project, version: int) -> ModelVersion:
    """Raises NotFound."""
    found = ModelVersion.objects.filter(project=project, version=version).select_related("encoder").first()
    if found is None:
        raise NotFound("There is no such model version.")
    return found


def refuse(model: ModelVersion, reason: str) -> None:
    model.state, model.reason = State.REFUSED, reason
    model.save(update_fields=["state", "reason"])


@transaction.atomic
def promote(model: ModelVersion, reason: str, *, by: User | None = None) -> ModelVersion:
    """Put a model into use in place of the one that is."""
    # Locked: two promotions at once leave one model in use, the later one.
    Project.objects.select_for_update(no_key=True).get(pk=model.project_id)
    before = ModelVersion.objects.filter(
        project=model.project_id, question=model.question, state=State.PROMOTED
    )
    before.exclude(pk=model.pk).update(state=State.RETIRED)
    model.state, model.reason, model.promoted_by, model.promoted_at = (
        State.PROMOTED,
        reason,
        by,
        timezone.now(),
    )
    model.save(update_fields=["state", "reason", "promoted_by", "promoted_at"])
    return model


def promote_by_hand(*, project: Project, by: User, version: int) -> ModelVersion:
    """Somebody decides which version is in use: rolls back, or overrules a refusal. Raises NotFound, NotAllowed, Conflict."""
    check(user=by, project=project, action=Action.CONFIGURE)
    model = model_of(project=project, version=version)
    if not model.file:
        raise Conflict("What this version learned is not kept any more; promote a later one.")
    if model.state == State.PROMOTED:
        return model
    return promote(model, f"Put into use by {by.username}.", by=by)
