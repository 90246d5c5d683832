"""`manage.py load_demo`: the demo's people, projects and simulated history."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser


class Command(BaseCommand):
    help = "Load the demo projects and people, or what is missing of them. Running it again changes nothing."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--rows", type=int, help="at most so many items in each project")

    def handle(self, *args: Any, **options: Any) -> None:
        from config.demo.loading import load

        load(say=self._say, rows=options["rows"])

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()
