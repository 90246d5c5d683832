"""Rounds that end and models that come into use are told to webhooks; annotation's function for it is used as it is."""

from django.db import migrations

FORWARD = """
CREATE TRIGGER end_told AFTER UPDATE OF state ON active_round FOR EACH ROW
    WHEN (OLD.state <> NEW.state AND NEW.state IN ('done', 'failed', 'cancelled'))
    EXECUTE FUNCTION annotation_tell('round.finished', 'id', 'number', 'question', 'state', 'error', 'strategy', 'labels',
        'chosen', 'explored', 'again');
CREATE TRIGGER promotion_told AFTER UPDATE OF state ON active_modelversion FOR EACH ROW
    WHEN (OLD.state <> NEW.state AND NEW.state = 'promoted')
    EXECUTE FUNCTION annotation_tell('model.promoted', 'id', 'version', 'question', 'learner', 'items', 'reason', 'metrics');
CREATE TRIGGER made_promoted_told AFTER INSERT ON active_modelversion FOR EACH ROW WHEN (NEW.state = 'promoted')
    EXECUTE FUNCTION annotation_tell('model.promoted', 'id', 'version', 'question', 'learner', 'items', 'reason', 'metrics');
"""
BACKWARD = """
DROP TRIGGER made_promoted_told ON active_modelversion;
DROP TRIGGER promotion_told ON active_modelversion;
DROP TRIGGER end_told ON active_round;
"""


class Migration(migrations.Migration):
    dependencies = [("active", "0001_initial"), ("annotation", "0011_webhooks")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
