"""Turns that a manager gave to somebody."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("annotation", "0011_webhooks")]

    operations = [
        migrations.AddField("lease", "assigned", models.BooleanField(default=False, db_default=False)),
        migrations.RemoveIndex("lease", "lease_held"),
        migrations.AddIndex(
            "lease",
            models.Index(
                fields=["annotator", "project", "id"],
                name="lease_held",
                condition=models.Q(state__in=["active", "deferred", "again"]),
            ),
        ),
        migrations.AddIndex(
            "lease",
            models.Index(
                fields=["annotator", "project", "item"],
                name="lease_assigned",
                condition=models.Q(state="assigned"),
            ),
        ),
    ]
