"""An item whose content changes is not what its sketch, and what it was found to be nearly the same as, says any more."""

from django.db import migrations

FORWARD = """
CREATE FUNCTION annotation_forget_likeness() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM annotation_likeness WHERE item_id = NEW.id;
    DELETE FROM annotation_alike WHERE item_id = NEW.id OR of_id = NEW.id;
    RETURN NULL;
END $$;
CREATE TRIGGER likeness_forgotten AFTER UPDATE OF payload ON annotation_item FOR EACH ROW
    WHEN (OLD.payload IS DISTINCT FROM NEW.payload) EXECUTE FUNCTION annotation_forget_likeness();
"""
BACKWARD = """
DROP TRIGGER likeness_forgotten ON annotation_item;
DROP FUNCTION annotation_forget_likeness();
"""


class Migration(migrations.Migration):
    dependencies = [("annotation", "0016_likeness")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
