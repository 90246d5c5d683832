import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("labelmodel", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveField("labelmodelrun", "answered"),
        migrations.AddField("labelmodelrun", "attempts", models.PositiveSmallIntegerField(default=0)),
        migrations.AddField("labelmodelrun", "changed", models.PositiveIntegerField(default=0)),
        migrations.AddField("labelmodelrun", "comparison", models.JSONField(default=dict)),
        migrations.AddField(
            "labelmodelrun",
            "created_at",
            models.DateTimeField(auto_now_add=True, default=django.utils.timezone.now),
            preserve_default=False,
        ),
        migrations.AddField(
            "labelmodelrun",
            "requested_by",
            models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField("sourcequality", "figures", models.JSONField(default=dict)),
        migrations.AlterField("labelmodelrun", "started_at", models.DateTimeField(null=True)),
        migrations.AlterField(
            "labelmodelrun",
            "state",
            models.CharField(
                choices=[
                    ("waiting", "Waiting"),
                    ("running", "Running"),
                    ("done", "Done"),
                    ("failed", "Failed"),
                ],
                default="waiting",
                max_length=7,
            ),
        ),
        migrations.AddIndex(
            "labelmodelrun",
            models.Index(
                condition=models.Q(("state__in", ["waiting", "running"])),
                fields=["project", "id"],
                name="run_pending",
            ),
        ),
        migrations.AddIndex(
            "labelmodelrun",
            models.Index(
                condition=models.Q(("changed__gt", 0), ("state", "done")),
                fields=["finished_at"],
                name="run_behind",
            ),
        ),
        migrations.AddConstraint(
            "labelmodelrun",
            models.UniqueConstraint(
                condition=models.Q(("state", "waiting")),
                fields=("project", "question", "method"),
                name="one_waiting_run",
            ),
        ),
    ]
