"""What the audit can be narrowed by."""

import django_filters

from apps.accounts.models import AuditEntry


class AuditFilter(django_filters.FilterSet):
    action = django_filters.CharFilter(
        help_text="Only these: created, changed, deleted, started, retried, moved, revoked."
    )
    kind = django_filters.CharFilter(
        help_text="Only of these: execution, backtest_task, trading_task, strategy_config, api_key, account."
    )
    subject = django_filters.NumberFilter(help_text="Only of the thing with this id.")

    class Meta:
        model = AuditEntry
        fields: list[str] = []
