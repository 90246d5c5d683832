"""All pages of this layer: each module owns its routes."""

from __future__ import annotations

from active.pages import learning, models, queue, rounds, settings, similar, simulations

urlpatterns = [
    *learning.urlpatterns,
    *rounds.urlpatterns,
    *queue.urlpatterns,
    *models.urlpatterns,
    *settings.urlpatterns,
    *simulations.urlpatterns,
    *similar.urlpatterns,
]
