"""Vectors in the database, so that it finds similar items: the extension, the table, and the work of filling it."""

from __future__ import annotations

from typing import Any

import django.db.models.deletion
import pgvector.django
from django.conf import settings
from django.db import migrations, models
from django.db.utils import DatabaseError

_MISSING = (
    "This PostgreSQL has no pgvector, by which Querent finds similar items. Install version 0.8 or newer on the server"
    " (Debian: postgresql-18-pgvector; Docker: the image pgvector/pgvector:pg18), then migrate again."
)
_FORBIDDEN = (
    "The role {role} may not create extensions. Let an administrator run this in the database {database}, then migrate"
    " again: CREATE EXTENSION vector;"
)
_OLD = "The extension vector has version {version}; Querent needs 0.8 or newer. Update it on the server: ALTER EXTENSION vector UPDATE;"


def create_extension(apps: Any, schema_editor: Any) -> None:
    connection = schema_editor.connection
    with connection.cursor() as cursor:
        cursor.execute("SELECT installed_version FROM pg_available_extensions WHERE name = 'vector'")
        if (found := cursor.fetchone()) is None:
            raise RuntimeError(_MISSING)
        if found[0] is None:
            try:
                cursor.execute("CREATE EXTENSION IF NOT EXISTS vector")
            except DatabaseError as error:
                named = connection.settings_dict
                words = _FORBIDDEN.format(role=named.get("USER"), database=named.get("NAME"))
                raise RuntimeError(words) from error
        cursor.execute("SELECT extversion FROM pg_extension WHERE extname = 'vector'")
        (version,) = cursor.fetchone()
    if tuple(int(part) for part in version.split(".")[:2]) < (0, 8):
        raise RuntimeError(_OLD.format(version=version))


class Migration(migrations.Migration):
    dependencies = [
        ("active", "0002_webhooks"),
        ("annotation", "0010_data"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RunPython(create_extension, migrations.RunPython.noop),
        migrations.CreateModel(
            name="ItemVector",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "encoder_id",
                        "item_id",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("vector", pgvector.django.HalfVectorField()),
                (
                    "encoder",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="active.encoder",
                    ),
                ),
                (
                    "item",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="annotation.item",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="SimilarSearch",
            fields=[
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "Waiting for a worker"),
                            ("running", "Running"),
                            ("done", "Done"),
                            ("failed", "Failed"),
                            ("cancelled", "Cancelled"),
                        ],
                        default="waiting",
                        max_length=9,
                    ),
                ),
                ("done", models.BigIntegerField(default=0)),
                ("total", models.BigIntegerField(default=0)),
                ("error", models.TextField(blank=True)),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("started_at", models.DateTimeField(null=True)),
                ("finished_at", models.DateTimeField(null=True)),
                ("heartbeat_at", models.DateTimeField(null=True)),
                (
                    "project",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="similar_search",
                        serialize=False,
                        to="annotation.project",
                    ),
                ),
                ("vectors", models.PositiveIntegerField(default=0)),
                ("last_item", models.BigIntegerField(default=0)),
                ("last_shard", models.BigIntegerField(default=0)),
                (
                    "created_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "encoder",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="active.encoder",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("state__in", ["waiting", "running"])),
                        fields=["project"],
                        name="similar_pending",
                    )
                ],
            },
        ),
        # Vectors go with what they are of, however that is deleted. PLAIN: a row is read for its vector only, and one that
        # is kept elsewhere would be fetched from there for each comparison; up to 4,000 numbers fit into a page.
        migrations.RunSQL(
            """
            ALTER TABLE active_itemvector ALTER COLUMN vector SET STORAGE PLAIN;
            ALTER TABLE active_itemvector
                ADD CONSTRAINT item_vector_of_item FOREIGN KEY (item_id)
                    REFERENCES annotation_item (id) ON DELETE CASCADE,
                ADD CONSTRAINT item_vector_of_encoder FOREIGN KEY (encoder_id)
                    REFERENCES active_encoder (id) ON DELETE CASCADE;
            """,
            migrations.RunSQL.noop,
        ),
    ]
