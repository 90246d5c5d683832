"""`manage.py import_vectors`: take vectors that somebody else computed as those of a project's items."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from annotation.errors import DomainError
from annotation.models import Project, User


class Command(BaseCommand):
    help = (
        "Take the rows of a NumPy file as the vectors of a project's items, and use them from the next round on. Items that are "
        "not named keep what an earlier file said of them."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("project", type=int, metavar="ID")
        parser.add_argument(
            "vectors", type=Path, metavar="FILE.npy", help="floating-point, (items, dimensions)"
        )
        parser.add_argument(
            "keys",
            type=Path,
            metavar="KEYS.txt",
            help="the items' keys, one a line, in the order of the rows",
        )
        parser.add_argument(
            "--as", dest="username", required=True, metavar="USER", help="who is recorded as having done it"
        )
        parser.add_argument("--keep-length", action="store_true", help="do not bring vectors to length 1")

    def handle(self, *args: Any, **options: Any) -> None:
        # Here and not above: listing commands needs none of the numerical libraries.
        from active.services.vector_imports import import_vectors

        try:
            project, by = (
                Project.objects.get(pk=options["project"]),
                User.objects.get(username=options["username"]),
            )
            keys = options["keys"].read_text("utf-8").splitlines()
            with options["vectors"].open("rb") as file:
                encoder = import_vectors(
                    project=project, by=by, keys=keys, file=file, unit=not options["keep_length"]
                )
        except (Project.DoesNotExist, User.DoesNotExist, OSError, UnicodeDecodeError, DomainError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            f"{len(keys):,} vectors of {encoder.dimension} numbers are version {encoder.version}."
        )
