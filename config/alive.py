"""`python -m config.alive web|worker|beat`: exit status 0 when that process of this host works. For health checks."""

from __future__ import annotations

import http.client
import os
import socket
import sys

from redis import RedisError

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

from django.conf import settings

from config import heartbeats


def problem(kind: str) -> str:
    """What is wrong, in words; empty when nothing is."""
    try:
        return _web_problem() if kind == "web" else _sign_problem(kind)
    except (OSError, RedisError) as error:
        return str(error)


def _web_problem() -> str:
    port = int(os.environ.get("GRANIAN_PORT") or 8000)
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    # Any other host would be refused when the installation is reached under one name only.
    host = settings.ALLOWED_HOSTS[0].lstrip(".*") or "localhost"
    connection.request("GET", "/health/live", headers={"Host": host})
    status = connection.getresponse().status
    return "" if status == 200 else f"/health/live answered {status}"


def _sign_problem(kind: str) -> str:
    here = f"@{socket.gethostname()}"  # workers are called celery@host, or as their -n says
    if any(sign.fresh and sign.name.endswith(here) for sign in heartbeats.signs(kind)):
        return ""
    return f"no sign of life of a {kind} on this host within {heartbeats.FRESH_SECONDS} s"


if __name__ == "__main__":
    sys.exit(problem(sys.argv[1]) or 0)
