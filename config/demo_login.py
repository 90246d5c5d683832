"""The shared demo password: for demo people only, from this machine only, in demo mode only."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Any

from django.conf import settings
from django.contrib.auth.backends import BaseBackend
from django.http import HttpRequest

from annotation.models import User

DEMO_PASSWORD = "querent-demo"  # noqa: S105


class DemoBackend(BaseBackend):
    def authenticate(
        self, request: HttpRequest | None, username: str | None = None, password: str | None = None, **_: Any
    ) -> User | None:
        if not settings.DEMO or request is None or password != DEMO_PASSWORD or not _from_here(request):
            return None
        return User.objects.filter(username=username, demo=True, is_active=True).first()

    def get_user(self, user_id: int) -> User | None:
        return User.objects.filter(pk=user_id, demo=True, is_active=True).first() if settings.DEMO else None


def _from_here(request: HttpRequest) -> bool:
    try:
        return ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False
