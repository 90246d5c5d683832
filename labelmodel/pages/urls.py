"""All pages of this layer: each module owns its routes."""

from __future__ import annotations

from labelmodel.pages import (
    functions,
    functions_editor,
    functions_model,
    functions_offers,
    functions_preview,
    functions_runs,
    functions_settings,
    functions_version,
    llm_endpoints,
    people,
    person,
    runs,
)

urlpatterns = [
    *people.urlpatterns,
    *person.urlpatterns,
    *runs.urlpatterns,
    *functions.urlpatterns,
    *functions_editor.urlpatterns,
    *functions_model.urlpatterns,
    *functions_offers.urlpatterns,
    *functions_preview.urlpatterns,
    *functions_runs.urlpatterns,
    *functions_settings.urlpatterns,
    *functions_version.urlpatterns,
    *llm_endpoints.urlpatterns,
]
