"""What filters read by: facts of payloads, who said what, consensus by value, items by time."""

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.db.models.functions.comparison
from django.db import migrations, models

# Workers write the facts of what is there already down in the background, as after an import.
FORWARD = "UPDATE annotation_dataset SET searchable = false WHERE searchable"


class Migration(migrations.Migration):
    dependencies = [("annotation", "0013_import_report")]
    operations = [
        migrations.AddField(
            "itemtext",
            "facts",
            django.contrib.postgres.fields.ArrayField(
                base_field=models.BigIntegerField(), null=True, size=None
            ),
        ),
        migrations.AddIndex(
            "annotation",
            models.Index(fields=["project", "annotator", "item"], name="annotation_by_person_item"),
        ),
        migrations.AddIndex(
            "annotation",
            django.contrib.postgres.indexes.GinIndex(
                fields=["answer"],
                gin_pending_list_limit=256,
                name="annotation_saying",
                opclasses=["jsonb_path_ops"],
            ),
        ),
        migrations.AddIndex(
            "consensus",
            models.Index(
                models.F("project"),
                models.F("question"),
                models.Func(
                    django.db.models.functions.comparison.Cast("value", models.TextField()),
                    models.Value(0),
                    function="hashtextextended",
                ),
                models.F("item"),
                name="consensus_by_value",
            ),
        ),
        migrations.AddIndex(
            "item", models.Index(fields=["project", "created_at", "id"], name="item_by_time")
        ),
        migrations.AddIndex(
            "prediction",
            models.Index(
                models.F("project"),
                models.F("question"),
                models.Func(
                    django.db.models.functions.comparison.Cast("value", models.TextField()),
                    models.Value(0),
                    function="hashtextextended",
                ),
                models.F("item"),
                name="prediction_by_value",
            ),
        ),
        migrations.AddIndex(
            "item",
            models.Index(
                condition=models.Q(answers__gt=0),
                fields=["project", "answers", "id"],
                name="item_answered",
            ),
        ),
        migrations.AddIndex(
            "item",
            models.Index(
                condition=models.Q(priority__gt=0),
                fields=["project", "priority", "id"],
                name="item_prioritized",
            ),
        ),
        migrations.AddIndex(
            "itemtext", django.contrib.postgres.indexes.GinIndex(fields=["facts"], name="item_facts")
        ),
        migrations.RunSQL(FORWARD, migrations.RunSQL.noop),
    ]
