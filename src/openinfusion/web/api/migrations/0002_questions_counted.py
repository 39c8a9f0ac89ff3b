from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("api", "0001_tokens"),
    ]

    operations = [
        migrations.AddField(
            model_name="token",
            name="minute",
            field=models.BigIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="token",
            name="asked",
            field=models.PositiveIntegerField(default=0),
        ),
    ]
