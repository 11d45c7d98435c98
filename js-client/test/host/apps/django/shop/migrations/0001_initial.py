from django.db import migrations, models


class Migration(migrations.Migration):
    operations = [
        migrations.CreateModel("Order", [
            ("id", models.BigAutoField(primary_key=True)),
            ("seller_id", models.TextField()),
            ("buyer_id", models.TextField()),
        ], {"db_table": "orders"}),
        migrations.CreateModel("Push", [
            ("id", models.BigAutoField(primary_key=True)),
            ("user_id", models.TextField()),
            ("text", models.TextField()),
        ], {"db_table": "pushes"}),
    ]
