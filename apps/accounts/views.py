"""The doors of accounts: registration, tokens, tickets, API keys."""

from typing import Any, ClassVar

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import exceptions, generics, permissions, serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.accounts import keys, services
from apps.accounts.authentication import BearerAuthentication
from apps.accounts.models import ApiKey, Ticket, User
from apps.accounts.serializers import (
    ApiKeySerializer,
    CredentialsSerializer,
    LoginSerializer,
    NewApiKeySerializer,
    RefreshSerializer,
    RegisterSerializer,
    ShownApiKeySerializer,
    SignedInSerializer,
    TicketSerializer,
    TokensSerializer,
    UserSerializer,
)
from apps.errors import AccessDenied
from apps.queries import AsDescribed, KnownParametersMixin, Pages


class OpenView(APIView):
    """For people who are not signed in: an old token in the header is not looked at."""

    authentication_classes = ()
    permission_classes = (permissions.AllowAny, AsDescribed)
    refusals: ClassVar[tuple[int, ...]] = (status.HTTP_401_UNAUTHORIZED,)

    def get_authenticate_header(self, request: Request) -> str:
        return BearerAuthentication().authenticate_header(request)

    def handle_exception(self, error: Exception) -> Response:
        if isinstance(error, services.NotSignedIn):
            error = exceptions.AuthenticationFailed(error.message, error.code)  # which is answered with a challenge
        return super().handle_exception(error)


class RegisterView(OpenView):
    """Make an account and sign in with it."""

    refusals = (status.HTTP_403_FORBIDDEN,)  # where registration is closed

    @extend_schema(operation_id="register", request=RegisterSerializer, responses={201: SignedInSerializer})
    def post(self, request: Request) -> Response:
        user = services.register(**_read(RegisterSerializer, request))
        return Response(_signed_in(user), status=status.HTTP_201_CREATED)


class LoginView(OpenView):
    """E-mail and password for a token: the documented answer with `token` and `user`."""

    @extend_schema(operation_id="sign_in", request=LoginSerializer, responses=SignedInSerializer)
    def post(self, request: Request) -> Response:
        return Response(_signed_in(_sign_in(LoginSerializer, request)))


class TokenView(OpenView):
    """E-mail (or username, the same) and password for an access and a refresh token."""

    @extend_schema(operation_id="create_tokens", request=CredentialsSerializer, responses=TokensSerializer)
    def post(self, request: Request) -> Response:
        return Response(TokensSerializer(services.issue(_sign_in(CredentialsSerializer, request))).data)


class RefreshView(OpenView):
    """A refresh token for a new pair; the old one is worth nothing afterwards."""

    @extend_schema(request=RefreshSerializer, responses=TokensSerializer)
    def post(self, request: Request) -> Response:
        return Response(TokensSerializer(services.rotate(**_read(RefreshSerializer, request))).data)


class LogoutView(OpenView):
    """Make a refresh token worth nothing; who holds it may do so, even when the access token has expired."""

    @extend_schema(operation_id="sign_out", request=RefreshSerializer, responses={204: None})
    def post(self, request: Request) -> Response:
        services.sign_out(**_read(RefreshSerializer, request))
        return Response(status=status.HTTP_204_NO_CONTENT)


class MeView(APIView):
    """Who I am."""

    @extend_schema(responses=UserSerializer)
    def get(self, request: Request) -> Response:
        assert isinstance(request.user, User)
        return Response(UserSerializer(request.user).data)


class TicketView(APIView):
    """A one-time pass for one WebSocket, so that no long-lived token stands in a URL."""

    @extend_schema(request=None, responses={201: TicketSerializer})
    def post(self, request: Request) -> Response:
        assert isinstance(request.user, User)
        ticket = {"ticket": Ticket.objects.issue(request.user), "expires_in": int(Ticket.LIFETIME.total_seconds())}
        return Response(TicketSerializer(ticket).data, status=status.HTTP_201_CREATED)


class KeysView(KnownParametersMixin, generics.ListAPIView[ApiKey]):
    """My API keys, the newest first."""

    serializer_class = ApiKeySerializer
    pagination_class = Pages

    def get_queryset(self) -> QuerySet[ApiKey]:
        return ApiKey.objects.visible_to(self.request.user).order_by("-pk")

    @extend_schema(request=NewApiKeySerializer, responses={201: ShownApiKeySerializer})
    def post(self, request: Request) -> Response:
        """Make a key. Its text is in this answer and nowhere else: no Idempotency-Key has it answered again."""
        user = _person(request)
        key, text = keys.create(user, **_read(NewApiKeySerializer, request))
        shown = {**ApiKeySerializer(key).data, "key": text}
        headers = {"Location": f"{request.path}{key.pk}/", "Cache-Control": "no-store"}
        return Response(shown, status=status.HTTP_201_CREATED, headers=headers)


class KeyView(APIView):
    """One of my API keys."""

    @extend_schema(responses=ApiKeySerializer)
    def get(self, request: Request, pk: int) -> Response:
        assert isinstance(request.user, User)
        return Response(ApiKeySerializer(keys.find(request.user, pk)).data)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, pk: int) -> Response:
        """Revoke it."""
        keys.revoke(keys.find(_person(request), pk))
        return Response(status=status.HTTP_204_NO_CONTENT)


def _person(request: Request) -> User:
    """Who asks, unless it is a key: one that got into wrong hands must not make others, nor close out its owner."""
    assert isinstance(request.user, User)
    if isinstance(request.auth, ApiKey):
        raise AccessDenied("API keys are made and revoked by who signs in with a password, not by a key.")
    return request.user


def _read(shape: type[serializers.Serializer[Any]], request: Request) -> dict[str, Any]:
    serializer = shape(data=request.data)
    serializer.is_valid(raise_exception=True)
    return serializer.validated_data


def _sign_in(shape: type[serializers.Serializer[Any]], request: Request) -> User:
    asked = request._request  # noqa: SLF001 - DRF's own way to what it wraps
    return services.sign_in(**_read(shape, request), request=asked)


def _signed_in(user: User) -> dict[str, Any]:
    return SignedInSerializer({"tokens": services.issue(user), "user": user}).data
