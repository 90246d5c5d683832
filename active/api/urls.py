"""What this layer adds to /api/v1/: each module owns its routes."""

from __future__ import annotations

from active.api import learning, models, queue, rounds, similar, simulations

app_name = "learning-api"
urlpatterns = [
    *learning.urlpatterns,
    *rounds.urlpatterns,
    *queue.urlpatterns,
    *models.urlpatterns,
    *simulations.urlpatterns,
    *similar.urlpatterns,
]
