"""Make a project of a file, here and now (docs/retention.md)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.files import File
from django.core.management.base import BaseCommand, CommandError, CommandParser

from annotation.errors import DomainError
from annotation.models import User
from annotation.services import project_files


class Command(BaseCommand):
    help = "Make a new project of a project's file, however large it is."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--by", required=True, help="Username of whoever is to own it.")
        parser.add_argument("--name", default="", help="Of the new project; its old one if left out.")

    def handle(self, *args: Any, **options: Any) -> None:
        by = User.objects.filter(username=options["by"]).first()
        if by is None:
            raise CommandError(f"Nobody here is called {options['by']}.")
        try:
            with options["file"].open("rb") as stream:
                made = project_files.keep(by=by, upload=File(stream), name=options["name"])
        except OSError as error:
            raise CommandError(f"{options['file']} cannot be read: {error.strerror}.") from error
        except DomainError as error:
            raise CommandError(str(error)) from error
        project_files.run(file_id=made.pk)
        made.refresh_from_db()
        if made.state == "failed":
            raise CommandError(made.error)
        self.stdout.write(f"{made.name} is project {made.project_id}.")
