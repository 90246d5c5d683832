"""All pages: each module owns its routes."""

from __future__ import annotations

from annotation.pages import (
    account,
    adjudicate,
    bulk,
    doubts,
    exports,
    gold,
    gold_adding,
    history,
    imports,
    items,
    label,
    media,
    members,
    overview,
    people,
    project_settings,
    projects,
    quality,
    saved_views,
    schema,
)

urlpatterns = [
    *account.urlpatterns,
    *people.urlpatterns,
    *projects.urlpatterns,
    *overview.urlpatterns,
    *label.urlpatterns,
    *adjudicate.urlpatterns,
    *items.urlpatterns,
    *bulk.urlpatterns,
    *saved_views.urlpatterns,
    *imports.urlpatterns,
    *media.urlpatterns,
    *schema.urlpatterns,
    *gold.urlpatterns,
    *gold_adding.urlpatterns,
    *members.urlpatterns,
    *doubts.urlpatterns,
    *project_settings.urlpatterns,
    *quality.urlpatterns,
    *exports.urlpatterns,
    *history.urlpatterns,
]
