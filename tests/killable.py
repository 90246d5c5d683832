"""Processes that work on the test's database, to be killed in the middle."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from django.conf import settings

ROOT = Path(__file__).resolve().parents[1]


def environment(**more: str) -> dict[str, str]:
    """What leads a process to the database of this test."""
    url = urlsplit(os.environ["DATABASE_URL"])._replace(path="/" + settings.DATABASES["default"]["NAME"])
    ours = {"DATABASE_URL": urlunsplit(url), "DJANGO_SETTINGS_MODULE": "config.settings", "DEBUG": "1"}
    return {**os.environ, **ours, **more}


def worker(code: str, *arguments: object, says: str = "ready\n") -> subprocess.Popen[str]:
    """A process that runs this code, and has said that it is where it is to be killed."""
    process = subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        cwd=ROOT,
        env=environment(),
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == says
    return process
