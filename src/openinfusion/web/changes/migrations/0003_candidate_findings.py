from typing import Any

from django.db import migrations, models


def look_again(apps: Any, _schema: Any) -> None:  # noqa: ANN401 - models as they were, which have no type
    """Forget what was looked at without keeping its findings: it is looked at again when it is next asked for."""
    apps.get_model("changes", "Candidate").objects.all().delete()


class Migration(migrations.Migration):
    dependencies = [("changes", "0002_judging")]

    operations = [
        migrations.RunPython(look_again, migrations.RunPython.noop, elidable=True),
        migrations.AddField("candidate", "findings", models.JSONField(default=list)),
    ]
