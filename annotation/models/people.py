"""Who works here, and what they are in each project."""

from __future__ import annotations

from datetime import tzinfo
from zoneinfo import ZoneInfo

from django.contrib.auth.models import AbstractUser
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.functions import Lower
from knox.models import AbstractAuthToken

from annotation.models.audit import audited
from annotation.roles import Action, Role, may


def known_time_zone(name: str) -> None:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise ValidationError(f"{name} is not a time zone; use a name such as Europe/Vienna.") from error


@audited(exclude=["password", "last_login"])
class User(AbstractUser):  # type: ignore[django-manager-missing]  # knox names its relation at run time
    time_zone = models.CharField(max_length=64, default="UTC", validators=[known_time_zone])
    expertise = ArrayField(models.CharField(max_length=60), default=list, blank=True)
    can_create_projects = models.BooleanField(default=False)
    theme = models.CharField(
        max_length=6, choices=[("system", "System"), ("light", "Light"), ("dark", "Dark")], default="system"
    )
    # {action: key} for the labeling page, only what differs from the defaults.
    hotkeys = models.JSONField(default=dict, blank=True)
    # Made by the demo or the simulation: signs in by the demo password only, and is shown as simulated.
    demo = models.BooleanField(default=False)
    # Stands for somebody whose answers were imported; signs in only after an administrator has let them.
    imported = models.BooleanField(default=False, db_default=False)
    # Their data were taken away at their request; what remains is a number.
    erased_at = models.DateTimeField(null=True, blank=True)

    class Meta(AbstractUser.Meta):
        constraints = [models.UniqueConstraint(Lower("username"), name="username_once_in_any_case")]

    @property
    def zone(self) -> tzinfo:
        return ZoneInfo(self.time_zone)

    @property
    def creates_projects(self) -> bool:
        return self.is_staff or self.can_create_projects


class ApiToken(AbstractAuthToken):  # type: ignore[misc]
    """A personal token for REST; only its SHA-512 is stored."""

    name = models.CharField(max_length=80, blank=True)


@audited(exclude=["answered", "turns", "cursor_priority", "cursor_item", "warning"])
class Membership(models.Model):
    project = models.ForeignKey("annotation.Project", models.CASCADE, related_name="memberships")
    user = models.ForeignKey(User, models.PROTECT, related_name="memberships")
    role = models.CharField(max_length=12, choices=[(role.value, role.value.title()) for role in Role])
    # At most so many annotations by this member; empty means the project's limit.
    annotation_limit = models.PositiveIntegerField(null=True, blank=True)
    paused_reason = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    # What this member is told about their gold answers while they are close to the bar.
    warning = models.CharField(max_length=300, blank=True)
    # When training was passed; gold answers before `judged_since` (the end of the latest pause) count no longer.
    trained_at = models.DateTimeField(null=True)
    judged_since = models.DateTimeField(null=True)
    # First answers given in this project; kept by the submit itself.
    answered = models.PositiveIntegerField(default=0)
    # Turns handed out where gold questions are mixed in: which of them are gold goes by this number.
    turns = models.PositiveIntegerField(default=0, db_default=0)
    # Every open item before this place in the queue has been given to this member already (services/queue.py).
    cursor_priority = models.FloatField(null=True)
    cursor_item = models.BigIntegerField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["project", "user"], name="one_role_per_member")]
        ordering = ["user__username"]

    def __str__(self) -> str:
        return f"{self.user} is {self.role} of {self.project}"

    def may(self, action: Action) -> bool:
        return may(self.role, action)
