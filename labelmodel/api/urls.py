"""What this layer adds to /api/v1/: each module owns its routes."""

from __future__ import annotations

from labelmodel.api import function_runs, functions, llm_endpoints, preview, quality, runs, weak

app_name = "label-model-api"
urlpatterns = [
    *runs.urlpatterns,
    *quality.urlpatterns,
    *functions.urlpatterns,
    *function_runs.urlpatterns,
    *llm_endpoints.urlpatterns,
    *preview.urlpatterns,
    *weak.urlpatterns,
]
