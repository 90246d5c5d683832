"""Forget a person at their request (docs/retention.md)."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from annotation import tasks
from annotation.errors import DomainError
from annotation.models import User
from annotation.services import accounts, erasure


class Command(BaseCommand):
    help = "Erase what says who a person is; their answers stay under a number, or are withdrawn."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")
        parser.add_argument("--by", required=True, help="Username of the administrator who does it.")
        parser.add_argument("--answers", choices=["keep", "withdraw"], default="keep")
        parser.add_argument(
            "--yes", action="store_true", help="Do it; otherwise it is only told what would be done."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        user, by = self._person(options["username"]), self._person(options["by"])
        try:
            found = erasure.preview(by=by, user=user)
            self.stdout.write(
                f"{user.username}: {found.answers:,} answers, {found.comments} comments, {found.flags} flags, "
                f"{found.skips} skips, {found.notes} notes, {found.tokens} tokens."
            )
            if not options["yes"]:
                self.stdout.write(
                    found.stands_against or "Nothing was changed. Add --yes to erase this person."
                )
                return
            done = erasure.erase(by=by, user=user, username=user.username, answers=options["answers"])
        except DomainError as error:
            raise CommandError(str(error)) from error
        tasks.forget_figures(user_id=user.pk)
        self.stdout.write(f"Erased; what remains is {done.user.username}.")
        for snapshot in done.snapshots:
            self.stdout.write(f"Snapshot {snapshot.number} of {snapshot.project} still has the name.")
        for file in done.files:
            self.stdout.write(f"The file of {file.name} from {file.created_at:%Y-%m-%d} still has the name.")

    def _person(self, username: str) -> User:
        found = User.objects.filter(username=accounts.stored_name(username)).first()
        if found is None:
            raise CommandError(f"Nobody here is called {username}.")
        return found
