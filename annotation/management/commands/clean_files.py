"""Delete files in the storage that no row names (docs/retention.md)."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from annotation.services import leftovers


class Command(BaseCommand):
    help = "Tell which files of the storage no row names, left by workers that were killed; --delete takes them away."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--delete", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        gone = leftovers.clean(dry=not options["delete"])
        for name in gone:
            self.stdout.write(name)
        self.stdout.write(f"{len(gone):,} files {'deleted' if options['delete'] else 'that nobody names'}.")
