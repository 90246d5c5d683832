"""Label models that are fitted are told to webhooks; annotation's function for it is used as it is."""

from django.db import migrations

FORWARD = """
CREATE TRIGGER end_told AFTER UPDATE OF state ON labelmodel_labelmodelrun FOR EACH ROW
    WHEN (OLD.state <> NEW.state AND NEW.state IN ('done', 'failed'))
    EXECUTE FUNCTION annotation_tell('label_model.finished', 'id', 'question', 'method', 'state', 'error', 'items', 'votes');
"""
BACKWARD = "DROP TRIGGER end_told ON labelmodel_labelmodelrun;"


class Migration(migrations.Migration):
    dependencies = [("labelmodel", "0002_runs_as_work"), ("annotation", "0011_webhooks")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
