"""How a program proves who it is."""

from typing import Any

from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request
from rest_framework_simplejwt.authentication import JWTAuthentication
from rest_framework_simplejwt.tokens import Token

from apps.accounts.models import User


class BearerAuthentication(JWTAuthentication):
    """`Authorization: Bearer <access token>`; a bad, old or foreign token is 401, and never treated as anonymous."""

    def authenticate(self, request: Request) -> tuple[Any, Token] | None:
        try:
            return super().authenticate(request)
        except (AuthenticationFailed, User.DoesNotExist, ValueError, OverflowError) as error:
            # the package's own answers tell which token classes it tried; what a client needs is one sentence
            raise AuthenticationFailed("The access token is invalid or expired.", code="token_not_valid") from error
