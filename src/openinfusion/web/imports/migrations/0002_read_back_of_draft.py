from typing import Any

import django.db.models.deletion
from django.db import migrations, models


def say_what_was_compared(apps: Any, _schema: Any) -> None:  # noqa: ANN401 - models as they were, which have no type
    """Give each read-back the label and the SHA-256 of the version that it was compared with."""
    for one in apps.get_model("imports", "ReadBackRecord").objects.select_related("version"):
        one.label, one.sha256 = one.version.label, one.version.sha256
        one.save(update_fields=["label", "sha256"])


class Migration(migrations.Migration):
    dependencies = [("imports", "0001_files_handed_in"), ("library", "0002_reading")]

    operations = [
        migrations.AddField(
            "readbackrecord", "label", models.CharField(default="", max_length=40), preserve_default=False
        ),
        migrations.AddField(
            "readbackrecord",
            "sha256",
            models.CharField(db_index=True, default="", max_length=64),
            preserve_default=False,
        ),
        migrations.AddField(
            "readbackrecord",
            "draft",
            models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="read_backs",
                to="library.draft",
            ),
        ),
        migrations.AlterField(
            "readbackrecord",
            "version",
            models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="read_backs",
                to="library.version",
            ),
        ),
        migrations.RunPython(say_what_was_compared, migrations.RunPython.noop, elidable=True),
        migrations.AddConstraint(
            "readbackrecord",
            models.CheckConstraint(
                condition=models.Q(("version", None)) ^ models.Q(("draft", None)), name="read_back_of_one_library"
            ),
        ),
    ]
