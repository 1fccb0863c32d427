"""The doors to market data: instruments, datasets, bars for charts."""

from typing import Any

import orjson
from django.conf import settings
from django.db.models import QuerySet
from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, parsers, status, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.idempotency import idempotent
from apps.accounts.models import User
from apps.errors import AccessDenied, DomainError, NotFound
from apps.market import instruments, services, store
from apps.market.filters import DatasetFilter, InstrumentFilter
from apps.market.folding import fold
from apps.market.models import Dataset, DatasetVersion, Instrument
from apps.market.quality import microseconds
from apps.market.serializers import (
    BarsQuerySerializer,
    BarsSerializer,
    DatasetDetailSerializer,
    DatasetSerializer,
    InstrumentSerializer,
    UploadSerializer,
)
from apps.queries import KnownParametersMixin, Pages, refuse_unknown_parameters

MEGABYTE = 1024 * 1024
FORM_BYTES = MEGABYTE  # what the fields beside a file may take
BARS_PARAMETERS = frozenset(BarsQuerySerializer().fields)


class TooLarge(DomainError):
    code = "too_large"
    status = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE


class InstrumentViewSet(KnownParametersMixin, viewsets.ModelViewSet[Instrument]):
    """Instruments: the server's own, shared with everybody, and the user's."""

    serializer_class = InstrumentSerializer
    filterset_class = InstrumentFilter
    pagination_class = Pages
    lookup_value_regex = r"\d{1,18}"
    create = idempotent()(mixins.CreateModelMixin.create)

    def get_queryset(self) -> QuerySet[Instrument]:
        return Instrument.objects.visible_to(self.request.user)

    def perform_create(self, serializer: Any) -> None:
        assert isinstance(self.request.user, User)
        serializer.instance = services.create_instrument(owner=self.request.user, **serializer.validated_data)

    def perform_update(self, serializer: Any) -> None:
        _refuse_shared(serializer.instance)
        services.update_instrument(serializer.instance, **serializer.validated_data)

    def perform_destroy(self, instrument: Instrument) -> None:
        _refuse_shared(instrument)
        services.delete_instrument(instrument)


class DatasetViewSet(
    KnownParametersMixin,
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    mixins.DestroyModelMixin,
    viewsets.GenericViewSet[Dataset],
):
    """Series of bars or ticks, by versions that never change. A file is uploaded as multipart/form-data."""

    parser_classes = (parsers.MultiPartParser,)
    filterset_class = DatasetFilter
    pagination_class = Pages
    lookup_value_regex = r"\d{1,18}"

    def get_queryset(self) -> QuerySet[Dataset]:
        return Dataset.objects.visible_to(self.request.user).select_related("instrument").prefetch_related("versions")

    def get_serializer_class(self) -> type[Any]:
        return {"create": UploadSerializer, "retrieve": DatasetDetailSerializer}.get(self.action, DatasetSerializer)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if self.action == "create":
            _refuse_large(int(request.META.get("CONTENT_LENGTH") or 0) - FORM_BYTES)  # before the body is taken apart

    @idempotent(in_transaction=False)  # reading a large file takes long, and the same rows again are the same version
    @extend_schema(responses={201: DatasetDetailSerializer})
    def create(self, request: Request) -> Response:
        upload = UploadSerializer(data=request.data)
        upload.is_valid(raise_exception=True)
        fields = upload.validated_data
        file = fields.pop("file")
        _refuse_large(file.size)
        described = {name: fields.pop(name) for name in instruments.DESCRIBED & fields.keys() - {"name"}}
        assert isinstance(request.user, User)
        version = services.import_file(
            owner=request.user, file=file.file, filename=file.name, instrument=described, **fields
        )
        dataset = self.get_queryset().get(pk=version.dataset_id)
        location = f"{request.path}{dataset.pk}/"
        body = DatasetDetailSerializer(dataset).data
        return Response(body, status=status.HTTP_201_CREATED, headers={"Location": location})

    def perform_destroy(self, dataset: Dataset) -> None:
        _refuse_shared(dataset)
        services.delete_dataset(dataset)

    @extend_schema(parameters=[BarsQuerySerializer], responses=BarsSerializer, filters=False)
    @action(detail=True)
    def bars(self, request: Request, pk: str) -> HttpResponse:
        """Columns of the bars from start to end, folded to at most max_points; times are seconds UTC."""
        refuse_unknown_parameters(request, BARS_PARAMETERS)
        query = BarsQuerySerializer(data=request.query_params)
        query.is_valid(raise_exception=True)
        wanted = query.validated_data
        version = _version_of(self.get_object(), wanted.get("version"))
        ends = {name: microseconds(wanted[name]) for name in ("start", "end") if name in wanted}
        bars = store.load(version.content_hash, **ends)
        folded = fold(bars, wanted["max_points"])
        columns = {name: folded[name].copy() for name in folded.dtype.names or ()}
        columns["time"] = columns["time"] // 1_000_000
        body = {"version": version.number, "count": len(bars), "points": len(folded), **columns}
        return HttpResponse(orjson.dumps(body, option=orjson.OPT_SERIALIZE_NUMPY), content_type="application/json")


def _version_of(dataset: Dataset, number: int | None) -> DatasetVersion:
    versions = dataset.versions.all() if number is None else dataset.versions.filter(number=number)
    if (version := versions.first()) is None:
        raise NotFound("The dataset has no such version." if number else "The dataset holds no rows yet.")
    return version


def _refuse_shared(thing: Instrument | Dataset) -> None:
    """What belongs to the server is changed in the admin."""
    if thing.owner_id is None:
        raise AccessDenied


def _refuse_large(size: int) -> None:
    if size > settings.MAX_UPLOAD_MB * MEGABYTE:
        raise TooLarge(f"The file has {size // MEGABYTE} MB; at most {settings.MAX_UPLOAD_MB} MB are taken.")
