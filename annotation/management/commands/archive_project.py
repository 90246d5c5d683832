"""Write a project to one file, here and now (docs/retention.md)."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from django.core.files.storage import default_storage
from django.core.management.base import BaseCommand, CommandError, CommandParser

from annotation.errors import DomainError
from annotation.models import Project, User
from annotation.services import project_files


class Command(BaseCommand):
    help = "Write everything of a project to one file."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("project", type=int, help="Its number, as in its address.")
        parser.add_argument("file", type=Path, help="Where to write it.")
        parser.add_argument("--by", required=True, help="Username of its owner, or of an administrator.")

    def handle(self, *args: Any, **options: Any) -> None:
        project = Project.objects.filter(pk=options["project"]).first()
        by = User.objects.filter(username=options["by"]).first()
        if project is None or by is None:
            raise CommandError("There is no such project, or nobody of this name.")
        if options["file"].exists():
            raise CommandError(f"{options['file']} is there already.")
        try:
            made = project_files.archive(project=project, by=by)
        except DomainError as error:
            raise CommandError(str(error)) from error
        project_files.run(file_id=made.pk)
        made.refresh_from_db()
        if made.state != "done":
            raise CommandError(
                made.error or "A worker is writing it already; fetch it on the project's page."
            )
        draft = options["file"].with_name(options["file"].name + ".part")
        with default_storage.open(str(made.file.name), "rb") as stream, draft.open("wb") as target:
            shutil.copyfileobj(stream, target, 1 << 20)
        draft.rename(options["file"])
        project_files.forget(file=made)
        self.stdout.write(f"{options['file']}: {made.size:,} bytes, SHA-256 {made.sha256}")
