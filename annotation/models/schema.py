"""One immutable version of a project's questions."""

from __future__ import annotations

from django.db import models

from annotation.models.audit import IMMUTABLE, audited
from annotation.models.people import User


@audited()
class Schema(models.Model):
    """`questions` and `fields` as annotation.questions defines them; `mapping` says how the previous version's
    answers read under this one."""

    project = models.ForeignKey("annotation.Project", models.CASCADE, related_name="schemas")
    version = models.PositiveIntegerField()
    # [{name, type}]: which keys of an item's payload are shown, and as what.
    fields = models.JSONField(default=list)
    # [{name, type, title, help, required, show_when, labels, ...}]
    questions = models.JSONField(default=list)
    # {question: {from: old name, labels: {old label: new label, or null where people must decide}}}
    mapping = models.JSONField(default=dict)
    note = models.CharField(max_length=300, blank=True)
    created_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["version"]
        constraints = [models.UniqueConstraint(fields=["project", "version"], name="schema_version_once")]
        triggers = [IMMUTABLE]

    def __str__(self) -> str:
        return f"version {self.version} of {self.project}"
