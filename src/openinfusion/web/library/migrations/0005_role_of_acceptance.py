"""Under which role somebody proposed to live with a finding; before it was asked, all did as library pharmacists."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("library", "0004_practice"),
    ]

    operations = [
        migrations.AddField(
            model_name="acceptanceproposed",
            name="role",
            field=models.CharField(default="library_pharmacist", max_length=40),
        ),
    ]
