"""Room on each page for the updates that labeling makes, so that they stay on it; and prompt vacuum of the queue."""

from django.db import migrations

FORWARD = """
ALTER TABLE annotation_item SET (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02);
ALTER TABLE annotation_lease SET (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02);
ALTER TABLE annotation_membership SET (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.1);
"""
BACKWARD = """
ALTER TABLE annotation_item RESET (fillfactor, autovacuum_vacuum_scale_factor, autovacuum_analyze_scale_factor);
ALTER TABLE annotation_lease RESET (fillfactor, autovacuum_vacuum_scale_factor);
ALTER TABLE annotation_membership RESET (fillfactor, autovacuum_vacuum_scale_factor);
"""


class Migration(migrations.Migration):
    dependencies = [("annotation", "0001_initial")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
