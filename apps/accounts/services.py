"""What may be done with accounts, for every door alike."""

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib.auth import authenticate
from django.contrib.auth.models import update_last_login
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.http import HttpRequest
from rest_framework_simplejwt.exceptions import TokenError
from rest_framework_simplejwt.settings import api_settings
from rest_framework_simplejwt.tokens import RefreshToken, Token
from rest_framework_simplejwt.utils import get_md5_hash_password

from apps.accounts import audit
from apps.accounts.models import User
from apps.errors import AccessDenied, DomainError, Invalid

LONGEST_EMAIL = 254
LONGEST_NAME = 150
LONGEST_PASSWORD = 1024  # comparing and hashing a longer one is a way to keep the server busy
TAKEN = "There is an account with this address already."


class RegistrationClosed(AccessDenied):
    code = "registration_closed"


class NotSignedIn(DomainError):
    """Credentials or a token that prove nothing."""

    code = "not_signed_in"
    status = 401


@dataclass(frozen=True)
class Tokens:
    """access opens the API until it expires; refresh buys the next pair, once."""

    access: str
    refresh: str


def register(*, email: str, password: str, name: str = "") -> User:
    """A new account; Invalid names every wrong field, and then nothing is written."""
    if not settings.REGISTRATION_OPEN:
        raise RegistrationClosed("This server takes no registrations: its administrator makes accounts.")
    email, name = email.strip().lower(), name.strip()
    if problems := _problems(email, password, name):
        raise _invalid(problems)
    try:
        with transaction.atomic():
            user = User.objects.create_user(email, password, name=name)
            audit.note(user.pk, "created", "account", user.pk)
            return user
    except IntegrityError:  # two registrations at once
        raise _invalid({"email": [TAKEN]}) from None


def sign_in(email: str, password: str, *, request: HttpRequest) -> User:
    """The user whose password this is; NotSignedIn tells a stranger nothing more. RateLimited refuses who guesses."""
    is_possible = len(email) <= LONGEST_EMAIL and len(password) <= LONGEST_PASSWORD
    user = authenticate(request, username=email.strip().lower(), password=password) if is_possible else None
    if not isinstance(user, User):
        raise NotSignedIn("Invalid credentials.")
    update_last_login(None, user)  # type: ignore[arg-type]
    return user


def issue(user: User) -> Tokens:
    refresh = RefreshToken.for_user(user)
    return Tokens(str(refresh.access_token), str(refresh))


def rotate(refresh: str) -> Tokens:
    """The next pair for a refresh token, which is worth nothing from then on. Raises NotSignedIn."""
    token = _revoke(refresh)
    user = User.objects.filter(pk=token["user_id"], is_active=True).first()
    if user is None:
        raise NotSignedIn("The account is closed.")
    if not is_of_password(token, user):
        raise NotSignedIn("The password was changed: sign in with the new one.")
    return issue(user)


def is_of_password(token: Token, user: User) -> bool:
    """Whether the token was given for the password that the user has now."""
    given: object = token.get(api_settings.REVOKE_TOKEN_CLAIM)
    return given == get_md5_hash_password(user.password)


def sign_out(refresh: str) -> None:
    """Make a refresh token worth nothing. Raises NotSignedIn when it is that already."""
    _revoke(refresh)


def _revoke(text: str) -> RefreshToken:
    """The token, blacklisted by this very call: of two who use one token at once, one is refused."""
    try:
        token: Any = RefreshToken(text)  # type: ignore[arg-type]  # typed as a token, but it takes a token's text
        _, is_new = token.blacklist()
    except TokenError as error:
        raise NotSignedIn("The refresh token is invalid, expired or used already.") from error
    if not is_new:
        raise NotSignedIn("The refresh token is invalid, expired or used already.")
    return token


def _problems(email: str, password: str, name: str) -> dict[str, list[str]]:
    found = {
        "email": _problems_of_email(email),
        "password": _problems_of_password(password, User(email=email, name=name)),
        "name": []
        if len(name) <= LONGEST_NAME and name.isprintable()
        else [f"At most {LONGEST_NAME} printable characters."],
    }
    return {field: texts for field, texts in found.items() if texts}


def _problems_of_email(email: str) -> list[str]:
    try:
        validate_email(email)
    except ValidationError:
        return ["It must be an e-mail address."]
    if len(email) > LONGEST_EMAIL:
        return [f"It may have {LONGEST_EMAIL} characters at most."]
    return [TAKEN] if User.objects.filter(email=email).exists() else []


def _problems_of_password(password: str, user: User) -> list[str]:
    if len(password) > LONGEST_PASSWORD:
        return [f"It may have {LONGEST_PASSWORD} characters at most."]
    try:
        validate_password(password, user)
    except ValidationError as error:
        return list(error.messages)
    return []


def _invalid(problems: dict[str, list[str]]) -> Invalid:
    return Invalid("; ".join(f"{field}: {texts[0]}" for field, texts in problems.items()), fields=problems)
