"""The native API's doors to strategies and their configurations."""

from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, status, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.accounts.idempotency import idempotent
from apps.accounts.models import User
from apps.preconditions import PreconditionsMixin
from apps.queries import KnownParametersMixin, Pages
from apps.strategies import services
from apps.strategies.filters import StrategyConfigFilter
from apps.strategies.models import StrategyConfig
from apps.strategies.serializers import (
    CopySerializer,
    DefaultsSerializer,
    DefinitionsSerializer,
    StrategyConfigSerializer,
    read_copy,
)


class StrategiesView(APIView):
    """Every strategy that this server knows, with the schema of its parameters."""

    @extend_schema(responses=DefinitionsSerializer)
    def get(self, request: Request) -> Response:
        found = services.definitions()
        return Response({"strategies": found, "count": len(found)})


class StrategyDefaultsView(APIView):
    """The default parameters of one strategy."""

    @extend_schema(responses=DefaultsSerializer)
    def get(self, request: Request, strategy_type: str) -> Response:
        strategy = services.find(strategy_type)
        return Response({"strategy_id": strategy.strategy_type, "defaults": strategy.defaults()})


class StrategyConfigViewSet(PreconditionsMixin, KnownParametersMixin, viewsets.ModelViewSet[StrategyConfig]):
    """Named parameter sets of strategies."""

    serializer_class = StrategyConfigSerializer
    filterset_class = StrategyConfigFilter
    pagination_class = Pages
    lookup_value_regex = r"\d{1,18}"
    create = idempotent()(mixins.CreateModelMixin.create)

    def get_queryset(self) -> QuerySet[StrategyConfig]:
        unfinished = ("created", "running", "paused")
        running = StrategyConfig.objects.filter(
            Q(backtest_tasks__executions__status__in=unfinished) | Q(trading_tasks__executions__status__in=unfinished),
            pk=OuterRef("pk"),
        )
        return StrategyConfig.objects.visible_to(self.request.user).annotate(is_in_use=Exists(running))

    def perform_create(self, serializer: Any) -> None:
        assert isinstance(self.request.user, User)
        serializer.instance = services.create_config(owner=self.request.user, **serializer.validated_data)

    def perform_update(self, serializer: Any) -> None:
        services.update_config(serializer.instance, **serializer.validated_data)

    def perform_destroy(self, config: StrategyConfig) -> None:
        services.delete_config(config)

    @idempotent()
    @extend_schema(request=CopySerializer, responses={201: StrategyConfigSerializer})
    @action(detail=True, methods=["post"])
    def copy(self, request: Request, pk: str) -> Response:
        """Make a new configuration with the same parameters, under another name."""
        config = services.copy_config(self.get_object(), read_copy(request))
        headers = {"Location": f"/api/trading/strategy-configs/{config.pk}/"}
        return Response(self.get_serializer(config).data, status=status.HTTP_201_CREATED, headers=headers)
