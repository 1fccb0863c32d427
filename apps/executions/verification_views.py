"""The native API's door to verifications."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.accounts.idempotency import idempotent
from apps.executions import services, verifications
from apps.executions.models import Verification


class ChangedSerializer(serializers.Serializer[Any]):
    """A field of the manifest or of the result."""

    field = serializers.CharField(help_text="Its dotted path: data.content_hash, strategy.parameters.fast.")
    check = serializers.ChoiceField(choices=["sealed", "data", "code", "result"])
    expected = serializers.JSONField(allow_null=True, help_text="Null where only a digest of it is known.")
    found = serializers.JSONField(allow_null=True)


class MemberSerializer(serializers.Serializer[Any]):
    """The first member in which a stored row differs from the repeated one."""

    member = serializers.CharField(help_text="Its dotted path: trade.pnl.")
    expected = serializers.JSONField(allow_null=True)
    found = serializers.JSONField(allow_null=True)


class DifferentRowSerializer(serializers.Serializer[Any]):
    """The first row of a journal that differs."""

    journal = serializers.ChoiceField(choices=["events", "trades", "equity"])
    sequence = serializers.IntegerField()
    expected = serializers.JSONField(allow_null=True, help_text="As it was repeated; null: there should be none.")
    found = serializers.JSONField(allow_null=True, help_text="As it is stored; null: it is missing.")
    differs = MemberSerializer(allow_null=True, help_text="Null where one of both is no row.")


class ReportSerializer(serializers.Serializer[Any]):
    """What was compared and what was found; empty while it is under way."""

    summary = serializers.CharField(required=False, help_text="In words.")
    changed = ChangedSerializer(many=True, required=False)
    rows = DifferentRowSerializer(many=True, required=False)
    compared = serializers.DictField(
        child=serializers.IntegerField(), required=False, help_text="Bars repeated, and rows that were equal."
    )
    unchecked = serializers.ListField(
        child=serializers.CharField(), required=False, help_text="What the execution is too old to have recorded."
    )
    reason = serializers.CharField(required=False, allow_null=True, help_text="Why it cannot be run again.")


class VerificationSerializer(serializers.ModelSerializer[Verification]):
    """One verification of an execution."""

    execution_id = serializers.IntegerField(read_only=True)
    report = ReportSerializer(read_only=True)

    class Meta:
        model = Verification
        fields = ["id", "execution_id", "outcome", "progress", "report", "requested_at", "finished_at"]

    def to_representation(self, verification: Verification) -> dict[str, Any]:
        shown = super().to_representation(verification)
        return {**shown, "report": verification.report if verification.finished_at else {}}


class VerificationView(APIView):
    """Whether an execution that is paused or over still brings the tape that it recorded."""

    @idempotent()
    @extend_schema(request=None, responses={202: VerificationSerializer})
    def post(self, request: Request, pk: int) -> Response:
        """Have it verified; while that is under way, the answer is the verification under way."""
        verification = verifications.request(services.find(request.user, pk))
        return Response(
            VerificationSerializer(verification).data,
            status=status.HTTP_202_ACCEPTED,
            headers={"Location": f"/api/trading/executions/{pk}/verify/"},
        )

    @extend_schema(responses=VerificationSerializer)
    def get(self, request: Request, pk: int) -> Response:
        """Its newest verification."""
        return Response(VerificationSerializer(verifications.newest(services.find(request.user, pk))).data)
