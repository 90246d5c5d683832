"""What this layer adds to /api/v1/: each module owns its routes."""

from __future__ import annotations

from labelmodel.api import quality, runs

app_name = "label-model-api"
urlpatterns = [*runs.urlpatterns, *quality.urlpatterns]
