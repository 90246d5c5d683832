"""All of /api/v1/: each module owns its routes."""

from __future__ import annotations

from annotation.api import (
    accounts,
    alike,
    audit,
    bulk,
    disputes,
    exports,
    gold,
    guidelines,
    imports,
    items,
    media,
    members,
    predictions,
    projects,
    quality,
    queue,
    schemas,
    snapshot_downloads,
    suspensions,
    tags,
    views,
    webhooks,
)

app_name = "api"
urlpatterns = [
    *queue.urlpatterns,
    *accounts.urlpatterns,
    *projects.urlpatterns,
    *predictions.urlpatterns,
    *members.urlpatterns,
    *schemas.urlpatterns,
    *imports.urlpatterns,
    *media.urlpatterns,
    *items.urlpatterns,
    *alike.urlpatterns,
    *gold.urlpatterns,
    *suspensions.urlpatterns,
    *disputes.urlpatterns,
    *guidelines.urlpatterns,
    *quality.urlpatterns,
    *exports.urlpatterns,
    *snapshot_downloads.urlpatterns,
    *audit.urlpatterns,
    *webhooks.urlpatterns,
    *tags.urlpatterns,
    *views.urlpatterns,
    *bulk.urlpatterns,
]
