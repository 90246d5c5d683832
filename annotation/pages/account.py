"""Signing in, and what a person sets for themselves."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern


def locked_out(request: HttpRequest, credentials: dict[str, Any], *args: Any, **kwargs: Any) -> HttpResponse:
    """Too many wrong passwords from one address for one name."""
    return render(request, "registration/login.html", {"locked": True}, status=429)


urlpatterns: list[URLPattern] = []
