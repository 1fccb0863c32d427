"""Who may come in by a dialect: tokens, and guests where nobody signs in."""

from datetime import timedelta
from typing import Any

import pytest
from django.conf import LazySettings
from django.utils import timezone

from apps.dialects import tokens
from apps.dialects.guests import guest_from
from apps.dialects.models import Surface, Token

pytestmark = pytest.mark.django_db


def test_a_token_opens_its_own_dialect_until_it_expires(owner: Any) -> None:
    text = tokens.issue(owner, Surface.JESSE)

    assert tokens.recognise(text, Surface.JESSE) == owner
    assert tokens.recognise(text, Surface.CRACKTRADER) is None
    Token.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert tokens.recognise(text, Surface.JESSE) is None


def test_only_the_hash_of_a_token_is_kept_and_expired_ones_are_swept(owner: Any) -> None:
    old = tokens.issue(owner, Surface.JESSE)
    Token.objects.update(expires_at=timezone.now() - timedelta(seconds=1))

    new = tokens.issue(owner, Surface.JESSE)

    (kept,) = Token.objects.all()
    assert kept.digest not in (old, new)


@pytest.mark.parametrize("text", ["", "x", "0" * 64, "0" * 65, "\0" * 64, "é" * 64])
def test_garbage_is_nobodys_token(text: str) -> None:
    assert tokens.recognise(text, Surface.JESSE) is None


def test_a_closed_account_has_no_token(owner: Any) -> None:
    text = tokens.issue(owner, Surface.JESSE)
    owner.is_active = False
    owner.save()

    assert tokens.recognise(text, Surface.JESSE) is None


@pytest.mark.parametrize("address", ["127.0.0.1", "127.8.8.8", "::1", ""])
def test_a_client_of_this_machine_acts_for_the_named_user(address: str, owner: Any, settings: LazySettings) -> None:
    assert guest_from(address) is None

    settings.DIALECTS_USER = "Owner@example.org"

    assert guest_from(address) == owner


@pytest.mark.parametrize("address", ["10.0.0.7", "2001:db8::1", "nonsense", "::ffff:10.0.0.7"])
def test_one_from_afar_is_refused_unless_the_owner_says_otherwise(
    address: str, owner: Any, settings: LazySettings
) -> None:
    settings.DIALECTS_USER = owner.email
    assert guest_from(address) is None

    settings.DIALECTS_ANYWHERE = True

    assert guest_from(address) == owner


def test_a_closed_account_has_no_guests(owner: Any, settings: LazySettings) -> None:
    settings.DIALECTS_USER = owner.email
    owner.is_active = False
    owner.save()

    assert guest_from("127.0.0.1") is None
