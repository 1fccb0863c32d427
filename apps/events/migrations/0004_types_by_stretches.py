import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('events', '0003_types_compare_as_bytes'),
        ('executions', '0004_tape_and_verification'),
    ]

    operations = [
        migrations.CreateModel(
            name='EventStretch',
            fields=[
                ('pk', models.CompositePrimaryKey('execution_id', 'sequence', blank=True, editable=False, primary_key=True, serialize=False)),
                ('sequence', models.PositiveBigIntegerField(help_text='Of the first event.')),
                ('last_sequence', models.PositiveBigIntegerField()),
                ('counts', models.TextField(help_text='A JSON object: how often each type occurs.')),
                ('codes', models.BinaryField(help_text='The type of each event, as its place in `counts`; packed by places.py.')),
                ('execution', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='event_stretches', to='executions.execution')),
            ],
            options={
                'verbose_name_plural': 'event stretches',
            },
        ),
    ]
