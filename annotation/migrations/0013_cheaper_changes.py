"""A changed payload costs less: what was known of its likeness is looked for before it is removed."""

from django.db import migrations

# Hardly ever is there anything, and a question takes a fraction of what a DELETE does.
FORWARD = """
CREATE OR REPLACE FUNCTION annotation_forget_likeness() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM annotation_likeness WHERE item_id = NEW.id)
        OR EXISTS (SELECT FROM annotation_alike WHERE item_id = NEW.id)
        OR EXISTS (SELECT FROM annotation_alike WHERE of_id = NEW.id) THEN
        DELETE FROM annotation_likeness WHERE item_id = NEW.id;
        DELETE FROM annotation_alike WHERE item_id = NEW.id OR of_id = NEW.id;
    END IF;
    RETURN NULL;
END $$;
"""
BACKWARD = """
CREATE OR REPLACE FUNCTION annotation_forget_likeness() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM annotation_likeness WHERE item_id = NEW.id;
    DELETE FROM annotation_alike WHERE item_id = NEW.id OR of_id = NEW.id;
    RETURN NULL;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("annotation", "0012_payload_changes")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
