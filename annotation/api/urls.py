"""All of /api/v1/: each module owns its routes."""

from __future__ import annotations

from annotation.api import (
    accounts,
    audit,
    exports,
    gold,
    imports,
    items,
    media,
    members,
    projects,
    queue,
    schemas,
)

app_name = "api"
urlpatterns = [
    *queue.urlpatterns,
    *accounts.urlpatterns,
    *projects.urlpatterns,
    *members.urlpatterns,
    *schemas.urlpatterns,
    *imports.urlpatterns,
    *media.urlpatterns,
    *items.urlpatterns,
    *gold.urlpatterns,
    *exports.urlpatterns,
    *audit.urlpatterns,
]
