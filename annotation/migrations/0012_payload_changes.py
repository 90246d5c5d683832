"""Every item says when its payload last became another one, so that whatever was made of it can be made anew."""

from django.db import migrations, models

# Before each row, so that the moment is written with the row itself. Its own clock, and not the transaction's beginning:
# the later the moment, the shorter the time until others see it.
FORWARD = """
CREATE FUNCTION annotation_payload_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.payload_changed_at := clock_timestamp();
    RETURN NEW;
END $$;
CREATE TRIGGER payload_changed BEFORE UPDATE OF payload ON annotation_item FOR EACH ROW
    WHEN (OLD.payload IS DISTINCT FROM NEW.payload) EXECUTE FUNCTION annotation_payload_changed();
"""
BACKWARD = """
DROP TRIGGER payload_changed ON annotation_item;
DROP FUNCTION annotation_payload_changed();
"""


class Migration(migrations.Migration):
    dependencies = [("annotation", "0011_webhooks")]
    operations = [
        migrations.AddField("item", "payload_changed_at", models.DateTimeField(null=True)),
        migrations.AddIndex(
            "item",
            models.Index(
                fields=["project", "payload_changed_at"],
                name="item_changed",
                condition=models.Q(payload_changed_at__isnull=False),
            ),
        ),
        migrations.RunSQL(FORWARD, BACKWARD),
    ]
