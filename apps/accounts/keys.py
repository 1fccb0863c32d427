"""API keys: credentials of programs, shown once and kept as a hash."""

import hashlib
import re
import secrets
from contextlib import suppress
from datetime import datetime, timedelta

from django.db import InterfaceError, OperationalError, transaction
from django.db.models import Q
from django.utils import timezone

from apps.accounts import audit
from apps.accounts.models import ApiKey, User
from apps.errors import AccessDenied, Invalid, NotFound

MARK = "tdk_"
SECRET_BYTES = 32  # 43 characters: nobody guesses one, so a fast hash is enough
SHAPE = re.compile(rf"{MARK}[A-Za-z0-9_-]{{43}}")
LONGEST_NAME = 100
PREFIX = 8
USE_IS_NOTED_EVERY = timedelta(minutes=1)


def create(user: User, *, name: str, scope: str, expires_at: datetime | None = None) -> tuple[ApiKey, str]:
    """A new key and its text, which nobody can ever read again. Raises Invalid by field."""
    name = name.strip()
    problems: dict[str, list[str]] = {}
    if not 0 < len(name) <= LONGEST_NAME or not name.isprintable():
        problems["name"] = [f"It must have 1 to {LONGEST_NAME} printable characters."]
    if scope not in ApiKey.Scope.values:
        problems["scope"] = [f"It must be {' or '.join(ApiKey.Scope.values)}."]
    if expires_at is not None and expires_at <= timezone.now():
        problems["expires_at"] = ["It must be in the future, or empty for a key that does not expire."]
    if problems:
        raise Invalid("; ".join(f"{field}: {texts[0]}" for field, texts in problems.items()), fields=problems)
    text = MARK + secrets.token_urlsafe(SECRET_BYTES)
    with transaction.atomic():
        key = ApiKey.objects.create(
            user=user, name=name, scope=scope, expires_at=expires_at, prefix=text[:PREFIX], digest=_digest(text)
        )
        audit.note(user.pk, "created", "api_key", key.pk)
    return key, text


def find(user: User, key_id: int) -> ApiKey:
    """The user's key; NotFound where there is none, AccessDenied where it is another's."""
    key = ApiKey.objects.filter(pk=key_id).first()
    if key is None:
        raise NotFound("API key not found")
    if key.user_id != user.pk:
        raise AccessDenied
    return key


def revoke(key: ApiKey) -> None:
    """Make a key worth nothing; one that is that already stays as it is."""
    with transaction.atomic():
        if ApiKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=timezone.now()):
            audit.note(key.user_id, "revoked", "api_key", key.pk)


def recognise(text: str) -> ApiKey | None:
    """The usable key of this text, with its user; None for any other text."""
    if not SHAPE.fullmatch(text):
        return None
    now = timezone.now()
    usable = ApiKey.objects.filter(Q(expires_at=None) | Q(expires_at__gt=now), revoked_at=None, user__is_active=True)
    key = usable.select_related("user").filter(digest=_digest(text)).first()
    if key is not None:
        _note_use(key, now)
    return key


def _note_use(key: ApiKey, now: datetime) -> None:
    """At most once a minute: a client that polls must not become a writer."""
    before = now - USE_IS_NOTED_EVERY
    if key.last_used_at is not None and key.last_used_at > before:
        return
    with suppress(OperationalError, InterfaceError):  # a database that takes no write now can still be read
        unnoted = ApiKey.objects.filter(Q(last_used_at=None) | Q(last_used_at__lte=before), pk=key.pk)
        unnoted.update(last_used_at=now)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
