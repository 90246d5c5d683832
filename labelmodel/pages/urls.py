"""All pages of this layer: each module owns its routes."""

from __future__ import annotations

from labelmodel.pages import people, person, runs

urlpatterns = [*people.urlpatterns, *person.urlpatterns, *runs.urlpatterns]
