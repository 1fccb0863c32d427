"""The door to an execution's bundle."""

from typing import Any

from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from apps.executions import conditional, services
from apps.headers import IF_NONE_MATCH
from apps.journal.streams import OneAnswer
from apps.keeping import bundle
from apps.queries import refuse_unknown_parameters


class BundleView(APIView):
    """`GET executions/{id}/bundle/`: the whole execution as one zip."""

    content_negotiation_class = OneAnswer

    @extend_schema(parameters=[IF_NONE_MATCH], responses={(200, "application/zip"): OpenApiTypes.BINARY})
    def get(self, request: Request, pk: int) -> Any:
        """Manifest, figures and all rows of an execution in one zip, whose README tells what is what."""
        execution = services.find(request.user, pk)
        refuse_unknown_parameters(request, frozenset())
        checkpoint = execution.checkpoints.first()
        heads = (execution.events_head, execution.trades_head, execution.equity_head)
        state = ("bundle", execution.status, execution.progress, heads, checkpoint and checkpoint.pk)
        return conditional.answer(
            request,
            conditional.tag_of(request, execution, state),
            lambda: StreamingHttpResponse(
                bundle.pieces(execution, checkpoint),
                content_type="application/zip",
                headers={"Content-Disposition": f'attachment; filename="execution-{execution.pk}.zip"'},
            ),
            is_final=conditional.is_over(execution),
        )
