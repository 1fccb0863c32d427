"""The doors of accounts: registration, tokens, tickets."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import exceptions, permissions, serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.accounts import services
from apps.accounts.authentication import BearerAuthentication
from apps.accounts.models import Ticket, User
from apps.accounts.serializers import (
    CredentialsSerializer,
    LoginSerializer,
    RefreshSerializer,
    RegisterSerializer,
    SignedInSerializer,
    TicketSerializer,
    TokensSerializer,
    UserSerializer,
)


class OpenView(APIView):
    """For people who are not signed in: an old token in the header is not looked at."""

    authentication_classes = ()
    permission_classes = (permissions.AllowAny,)

    def get_authenticate_header(self, request: Request) -> str:
        return BearerAuthentication().authenticate_header(request)

    def handle_exception(self, error: Exception) -> Response:
        if isinstance(error, services.NotSignedIn):
            error = exceptions.AuthenticationFailed(error.message, error.code)  # which is answered with a challenge
        return super().handle_exception(error)


class RegisterView(OpenView):
    """Make an account and sign in with it."""

    @extend_schema(request=RegisterSerializer, responses={201: SignedInSerializer})
    def post(self, request: Request) -> Response:
        user = services.register(**_read(RegisterSerializer, request))
        return Response(_signed_in(user), status=status.HTTP_201_CREATED)


class LoginView(OpenView):
    """E-mail and password for a token: the documented answer with `token` and `user`."""

    @extend_schema(request=LoginSerializer, responses=SignedInSerializer)
    def post(self, request: Request) -> Response:
        return Response(_signed_in(services.sign_in(**_read(LoginSerializer, request))))


class TokenView(OpenView):
    """E-mail (or username, the same) and password for an access and a refresh token."""

    @extend_schema(request=CredentialsSerializer, responses=TokensSerializer)
    def post(self, request: Request) -> Response:
        user = services.sign_in(**_read(CredentialsSerializer, request))
        return Response(TokensSerializer(services.issue(user)).data)


class RefreshView(OpenView):
    """A refresh token for a new pair; the old one is worth nothing afterwards."""

    @extend_schema(request=RefreshSerializer, responses=TokensSerializer)
    def post(self, request: Request) -> Response:
        return Response(TokensSerializer(services.rotate(**_read(RefreshSerializer, request))).data)


class LogoutView(OpenView):
    """Make a refresh token worth nothing; who holds it may do so, even when the access token has expired."""

    @extend_schema(request=RefreshSerializer, responses={204: None})
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


def _read(shape: type[serializers.Serializer[Any]], request: Request) -> dict[str, Any]:
    serializer = shape(data=request.data)
    serializer.is_valid(raise_exception=True)
    return serializer.validated_data


def _signed_in(user: User) -> dict[str, Any]:
    return SignedInSerializer({"tokens": services.issue(user), "user": user}).data
