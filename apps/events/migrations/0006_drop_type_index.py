from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('events', '0005_note_types'),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name='event',
            name='event_by_type',
        ),
    ]
