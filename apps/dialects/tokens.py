"""Tokens of the dialects that have a sign-in of their own: random, expiring, kept as a hash."""

import hashlib
import re
import secrets
from datetime import timedelta

from django.utils import timezone

from apps.accounts.models import User
from apps.dialects.models import Surface, Token

LIFETIME = timedelta(days=14)  # as long as a refresh token of the native API
SHAPE = re.compile(r"[0-9a-f]{64}")


def issue(user: User, surface: Surface) -> str:
    """A new token, 64 hex digits; expired ones of everybody are swept away."""
    now = timezone.now()
    Token.objects.filter(expires_at__lte=now).delete()
    text = secrets.token_hex(32)
    Token.objects.create(user=user, surface=surface, digest=_digest(text), expires_at=now + LIFETIME)
    return text


def recognise(text: str, surface: Surface) -> User | None:
    """Whose token of this dialect it is; None for any other text, an expired one and a closed account."""
    if not SHAPE.fullmatch(text):
        return None
    usable = Token.objects.filter(surface=surface, expires_at__gt=timezone.now(), user__is_active=True)
    token = usable.select_related("user").filter(digest=_digest(text)).first()
    return token.user if token else None


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
