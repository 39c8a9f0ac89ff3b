"""What was programmed, by version and group of limits."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("library", "0003_acceptance_proposed"),
    ]

    operations = [
        migrations.CreateModel(
            name="Practice",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("lake_version", models.PositiveIntegerField(null=True)),
                ("read_at", models.DateTimeField()),
                ("organisation", models.CharField(blank=True, max_length=200)),
                ("purpose", models.CharField(blank=True, max_length=40)),
                ("first", models.DateTimeField(null=True)),
                ("last", models.DateTimeField(null=True)),
                ("fault", models.TextField(blank=True)),
                (
                    "version",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE, related_name="practice", to="library.version"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Programmed",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("item", models.CharField(max_length=240)),
                ("path", models.CharField(max_length=60)),
                ("unit", models.CharField(max_length=60)),
                ("values", models.JSONField()),
                ("practised", models.JSONField()),
                ("programmes", models.PositiveIntegerField()),
                (
                    "practice",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="lines", to="library.practice"
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("practice", "item", "path"), name="programmed_once")],
            },
        ),
    ]
