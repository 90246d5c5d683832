"""What the data table and the history page read by: items by id, and events by time."""

import django.db.models.deletion
from django.db import migrations, models

FORWARD = """
CREATE INDEX itemevent_by_time ON annotation_itemevent (project_id, pgh_created_at, pgh_id);
CREATE INDEX flagevent_by_time ON annotation_flagevent (pgh_created_at, pgh_id);
"""
BACKWARD = """
DROP INDEX flagevent_by_time;
DROP INDEX itemevent_by_time;
"""


class Migration(migrations.Migration):
    dependencies = [("annotation", "0003_imports")]
    operations = [
        migrations.AlterField(
            "item",
            "dataset",
            models.ForeignKey(
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="items",
                to="annotation.dataset",
            ),
        ),
        migrations.AddIndex("item", models.Index(fields=["project", "id"], name="item_by_id")),
        migrations.AddIndex("item", models.Index(fields=["dataset", "id"], name="item_by_dataset")),
        migrations.RunSQL(FORWARD, BACKWARD),
    ]
