from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("active", "0004_from_functions")]

    operations = [
        migrations.AddField("similarsearch", "looked_at", models.PositiveIntegerField(default=0)),
        migrations.AddField("similarsearch", "recall", models.FloatField(default=1.0)),
    ]
