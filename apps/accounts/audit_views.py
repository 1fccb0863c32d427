"""The door to the audit."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.filters import AuditFilter
from apps.accounts.models import AuditEntry
from apps.queries import KnownParametersMixin, Pages


class AuditEntrySerializer(serializers.ModelSerializer[AuditEntry]):
    """One change of a thing of yours."""

    actor = serializers.IntegerField(
        source="actor_id",
        allow_null=True,
        help_text="The user who did it; null: the server itself, or one now deleted.",
    )
    key = serializers.CharField(
        source="key.prefix",
        allow_null=True,
        default=None,
        help_text="The first characters of the API key it came with.",
    )
    fields_changed = serializers.ListField(
        child=serializers.CharField(), source="fields", help_text="Names of what was changed."
    )
    address = serializers.SerializerMethodField(help_text="Where your request came from; null where it was not yours.")

    class Meta:
        model = AuditEntry
        fields = [
            "id", "at", "action", "kind", "subject", "before", "after", "fields_changed", "actor", "key", "address",
            "request_id",
        ]  # fmt: skip
        extra_kwargs = {
            "at": {"help_text": "When."},
            "action": {"help_text": "created, changed, deleted, started, retried, moved or revoked."},
            "before": {"help_text": "The status before; empty where there was none."},
            "after": {"help_text": "The status then."},
            "request_id": {"help_text": "The X-Request-ID of the request."},
        }

    def get_address(self, entry: AuditEntry) -> str | None:
        return entry.address if entry.actor_id == entry.owner_id else None


class AuditView(KnownParametersMixin, generics.ListAPIView[AuditEntry]):
    """What was done to things of mine, the newest first."""

    serializer_class = AuditEntrySerializer
    filterset_class = AuditFilter
    pagination_class = Pages

    def get_queryset(self) -> QuerySet[AuditEntry]:
        return AuditEntry.objects.visible_to(self.request.user).select_related("key").order_by("-pk")

    @extend_schema(operation_id="list_audit_entries")
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Who changed what of yours, when and from where; the newest first."""
        return self.list(request, *args, **kwargs)
