"""How a program proves who it is."""

import hashlib
import time
from typing import Any

from django.http import HttpRequest
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework_simplejwt.authentication import JWTAuthentication
from rest_framework_simplejwt.settings import api_settings
from rest_framework_simplejwt.tokens import Token

from apps.accounts import keys
from apps.accounts.models import ApiKey, User
from apps.accounts.services import is_of_password
from apps.questions import Question

MOST_KNOWN = 2000
_USER = Question(lambda: User.objects.filter(pk=0))


class BearerAuthentication(JWTAuthentication):
    """`Authorization: Bearer <access token or API key>`, or `X-API-Key: <API key>` where there is no bearer.

    A bad, old or foreign one is 401, and never treated as anonymous. A key of scope `read` opens nothing but safe
    methods, whatever the view: 403.
    """

    def authenticate(  # type: ignore[override]  # a key proves as much as a token
        self, request: Request | HttpRequest
    ) -> tuple[Any, Token | ApiKey] | None:
        try:
            raw = self._bearer(request)
            if raw is not None and not raw.startswith(keys.MARK.encode()):
                token = self.get_validated_token(raw)
                return self.get_user(token), token
        except (AuthenticationFailed, LookupError, TypeError, ValueError, OverflowError) as error:
            # the package's own answers tell which token classes it tried; what a client needs is one sentence
            raise AuthenticationFailed("The access token is invalid or expired.", code="token_not_valid") from error
        key = request.META.get("HTTP_X_API_KEY") if raw is None else raw.decode("latin-1")
        return None if key is None else self._by_key(key, request.method)

    def get_validated_token(self, raw_token: bytes) -> Token:
        """The token, which is not verified again before it expires: a signature that was right once is right."""
        key = hashlib.sha256(raw_token + str(api_settings.SIGNING_KEY).encode()).digest()
        token = _known.get(key)
        if token is None:
            token = super().get_validated_token(raw_token)
            if len(_known) >= MOST_KNOWN:
                _known.clear()
            _known[key] = token
        elif token["exp"] <= time.time():
            _known.pop(key, None)
            raise AuthenticationFailed("The token has expired.")
        return token

    def get_user(self, validated_token: Token) -> Any:
        """The token's user as the database has it now: a closed account or a changed password ends it at once."""
        user = _USER.first(int(validated_token[api_settings.USER_ID_CLAIM]))
        if user is None or not user.is_active:
            raise AuthenticationFailed("There is no such account, or it is closed.")
        if not is_of_password(validated_token, user):
            raise AuthenticationFailed("The password was changed.")
        return user

    def _bearer(self, request: Request | HttpRequest) -> bytes | None:
        header: bytes | None = self.get_header(request)  # type: ignore[arg-type]  # it reads META, which both have
        return None if header is None else self.get_raw_token(header)

    def _by_key(self, text: str, method: str | None) -> tuple[User, ApiKey]:
        key = keys.recognise(text)
        if key is None:
            raise AuthenticationFailed("The API key is unknown, expired or revoked.", code="key_not_valid")
        if key.scope != ApiKey.Scope.TRADE and method not in SAFE_METHODS:
            raise PermissionDenied("This API key may only read; this needs one of scope trade.", "insufficient_scope")
        return key.user, key


_known: dict[bytes, Token] = {}
