"""The URL map: pages at the root, REST under /api/v1/, machines' questions at /health and /metrics."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from config import health, metrics

urlpatterns = [
    path("", include("annotation.pages.urls")),
    path("", include("labelmodel.pages.urls")),
    path("", include("active.pages.urls")),
    path("api/v1/", include("annotation.api.urls")),
    path("api/v1/", include("labelmodel.api.urls")),
    path("api/v1/", include("active.api.urls")),
    path("api/schema/", SpectacularAPIView.as_view(), name="api-schema"),
    path("api/docs/", SpectacularSwaggerSplitView.as_view(url_name="api-schema"), name="api-docs"),
    path("health/live", health.live, name="health-live"),
    path("health/ready", health.ready, name="health-ready"),
    path("health/banner", health.banner, name="health-banner"),
    path("metrics", metrics.metrics, name="metrics"),
    path("admin/", admin.site.urls),
]

handler400 = "annotation.pages.errors.bad_request"
handler403 = "annotation.pages.errors.forbidden"
handler404 = "annotation.pages.errors.not_found"
handler500 = "annotation.pages.errors.server_error"
