"""`manage.py demo`: everything on this machine, in the foreground."""

from __future__ import annotations

import os
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from config.embedded import demo
from config.embedded.programs import EmbeddedError


class Command(BaseCommand):
    help = "Set up everything, load the demo projects and serve them on 127.0.0.1:$PORT until Ctrl-C."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--empty", action="store_true", help="leave the demo projects and people out")

    def handle(self, *args: Any, **options: Any) -> None:
        port = os.environ.get("PORT") or "8000"
        if not port.isdecimal() or not 0 < int(port) < 65536:
            raise CommandError(f"PORT must be a number from 1 to 65535, not {port}.")
        try:
            demo.run(settings.DATA_DIR, int(port), projects=not options["empty"])
        except EmbeddedError as error:
            raise CommandError(str(error)) from None
