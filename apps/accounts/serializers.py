"""Shapes of the account endpoints."""

from typing import Any

from rest_framework import serializers

from apps.accounts.models import ApiKey, User
from apps.accounts.services import LONGEST_EMAIL, LONGEST_NAME, LONGEST_PASSWORD
from apps.bodies import KnownMembers


class UserSerializer(serializers.ModelSerializer[User]):
    """A user, as it is shown to itself."""

    class Meta:
        model = User
        fields = ["id", "email", "name", "date_joined"]
        read_only_fields = fields


class PasswordField(serializers.CharField):
    """Kept to the letter: blanks at its ends belong to it."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=LONGEST_PASSWORD, trim_whitespace=False, write_only=True, **options)


class RegisterSerializer(KnownMembers, serializers.Serializer[Any]):
    """What a new account needs."""

    email = serializers.CharField(max_length=LONGEST_EMAIL)
    password = PasswordField()
    name = serializers.CharField(max_length=LONGEST_NAME, required=False, default="", allow_blank=True)


class LoginSerializer(KnownMembers, serializers.Serializer[Any]):
    """E-mail and password."""

    email = serializers.CharField(max_length=LONGEST_EMAIL)
    password = PasswordField()


class CredentialsSerializer(KnownMembers, serializers.Serializer[Any]):
    """E-mail and password; `username` is another name for the e-mail, for clients that know no other."""

    email = serializers.CharField(max_length=LONGEST_EMAIL, required=False)
    username = serializers.CharField(max_length=LONGEST_EMAIL, required=False)
    password = PasswordField()

    def validate(self, given: dict[str, Any]) -> dict[str, Any]:
        email = given.get("email") or given.get("username")
        if email is None:
            raise serializers.ValidationError({"email": ["This field is required."]})
        return {"email": email, "password": given["password"]}


class RefreshSerializer(KnownMembers, serializers.Serializer[Any]):
    """A refresh token."""

    refresh = serializers.CharField(max_length=4096)


class TokensSerializer(serializers.Serializer[Any]):
    """An access token for the API, and a refresh token for the next pair."""

    access = serializers.CharField(read_only=True)
    refresh = serializers.CharField(read_only=True)


class SignedInSerializer(serializers.Serializer[Any]):
    """The documented answer to a login: `token` is the access token."""

    token = serializers.CharField(source="tokens.access", read_only=True)
    refresh = serializers.CharField(source="tokens.refresh", read_only=True)
    user = UserSerializer(read_only=True)


class TicketSerializer(serializers.Serializer[Any]):
    """A one-time pass for one WebSocket, `?ticket=…`, within so many seconds."""

    ticket = serializers.CharField(read_only=True)
    expires_in = serializers.IntegerField(read_only=True)


class ApiKeySerializer(serializers.ModelSerializer[ApiKey]):
    """An API key without its text, which is shown once and kept nowhere."""

    class Meta:
        model = ApiKey
        fields = ["id", "name", "scope", "prefix", "created_at", "expires_at", "revoked_at", "last_used_at"]
        read_only_fields = fields


class NewApiKeySerializer(KnownMembers, serializers.Serializer[Any]):
    """scope `read` opens GET alone, `trade` everything but the keys themselves."""

    name = serializers.CharField(help_text="What it is for.")
    scope = serializers.ChoiceField(choices=ApiKey.Scope.choices)
    expires_at = serializers.DateTimeField(required=False, allow_null=True, default=None)


class ShownApiKeySerializer(ApiKeySerializer):
    """A new API key, for the only time with its text."""

    key = serializers.CharField(read_only=True)

    class Meta(ApiKeySerializer.Meta):
        fields = [*ApiKeySerializer.Meta.fields, "key"]
        read_only_fields = fields
