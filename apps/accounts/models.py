"""Who asks: people sign in by e-mail address, programs by a key; and what was answered to requests with a key."""

import hashlib
import secrets
import uuid
from datetime import timedelta
from typing import Any, ClassVar, Self

from django.contrib.auth.base_user import BaseUserManager
from django.contrib.auth.models import AbstractUser, AnonymousUser
from django.db import models
from django.utils import timezone


class UserManager(BaseUserManager["User"]):
    use_in_migrations = True

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        return self.create_user(email, password, **{"is_staff": True, "is_superuser": True, **fields})


class User(AbstractUser):
    """A person or a program's account; the e-mail address is its name, kept in lower case."""

    username = None  # type: ignore[assignment]
    email = models.EmailField("e-mail address", unique=True)
    name = models.CharField(max_length=150, blank=True)

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    objects: ClassVar[UserManager] = UserManager()  # type: ignore[assignment]

    def __str__(self) -> str:
        return self.email


class TicketQuerySet(models.QuerySet["Ticket"]):
    def redeem(self, secret: str) -> "User | None":
        """The user of an unused, unexpired ticket, which is then used up; None for any other secret."""
        digest = hashlib.sha256(secret.encode()).hexdigest()
        ticket = self.select_related("user").filter(digest=digest, expires_at__gt=timezone.now()).first()
        if ticket is None or not self.filter(pk=ticket.pk).delete()[0] or not ticket.user.is_active:
            return None  # of two who redeem it at once, the one whose DELETE found the row wins
        return ticket.user

    def issue(self, user: User) -> str:
        """A new secret that opens one WebSocket within LIFETIME; only its hash is kept."""
        self.filter(expires_at__lte=timezone.now()).delete()
        secret = secrets.token_urlsafe(32)
        self.create(
            user=user,
            digest=hashlib.sha256(secret.encode()).hexdigest(),
            expires_at=timezone.now() + Ticket.LIFETIME,
        )
        return secret


class Ticket(models.Model):
    """A one-time pass for a WebSocket, so that no long-lived token appears in a URL."""

    LIFETIME = timedelta(seconds=30)

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="tickets")
    digest = models.CharField(max_length=64, unique=True)
    expires_at = models.DateTimeField(db_index=True)

    objects = TicketQuerySet.as_manager()

    def __str__(self) -> str:
        return f"ticket of {self.user}"


class ApiKeyQuerySet(models.QuerySet["ApiKey"]):
    def visible_to(self, user: User | AnonymousUser) -> Self:
        return self.filter(user_id=user.pk)


class ApiKey(models.Model):
    """A program's own credential, which opens the API as its user until it is revoked or expires."""

    class Scope(models.TextChoices):
        READ = "read"
        TRADE = "trade"

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="api_keys")
    name = models.CharField(max_length=100)
    scope = models.CharField(max_length=5, choices=Scope)
    prefix = models.CharField(max_length=8, help_text="The first characters, by which its owner knows it again.")
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True, help_text="To the minute.")

    objects = ApiKeyQuerySet.as_manager()

    class Meta:
        verbose_name = "API key"

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"


class KeyedRequest(models.Model):
    """A request that came with an Idempotency-Key: claimed by one process, and then its answer."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="keyed_requests")
    key = models.CharField(max_length=200)
    digest = models.CharField(max_length=64, help_text="Of the method, the path and the body.")
    claim = models.UUIDField(default=uuid.uuid4)
    claimed_at = models.DateTimeField(default=timezone.now, db_index=True)
    status = models.PositiveSmallIntegerField(null=True, help_text="Empty while the first is under way.")
    body = models.TextField(blank=True)
    content_type = models.CharField(max_length=100, blank=True)
    location = models.TextField(blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="one_request_per_key")]

    def __str__(self) -> str:
        return self.key


class Quota(models.Model):
    """What an administrator allows one user; empty: what the settings say, 0: without a limit."""

    user = models.OneToOneField(User, on_delete=models.CASCADE, primary_key=True, related_name="quota")
    running = models.PositiveIntegerField(null=True, blank=True, help_text="Executions that run at once.")
    unfinished = models.PositiveIntegerField(null=True, blank=True, help_text="That wait, run or are paused.")
    rows = models.PositiveBigIntegerField(null=True, blank=True, help_text="Events, trades and points that are kept.")

    def __str__(self) -> str:
        return f"quota of {self.user}"


class AuditQuerySet(models.QuerySet["AuditEntry"]):
    def visible_to(self, user: User | AnonymousUser) -> Self:
        return self.filter(owner_id=user.pk)

    def update(self, **changes: Any) -> int:
        raise TypeError("Audit entries are never changed.")

    def delete(self) -> tuple[int, dict[str, int]]:
        raise TypeError("Audit entries are not deleted one by one; apps.accounts.audit.sweep ends old ones.")


class AuditEntry(models.Model):
    """Who changed the state of what, when, and from where; written with the change, and never changed itself.

    Accounts and keys may be deleted: what they did stays, without them.
    """

    owner = models.ForeignKey(
        User, on_delete=models.SET_NULL, null=True, related_name="+", db_index=False, help_text="Whose thing it is."
    )
    actor = models.ForeignKey(
        User, on_delete=models.SET_NULL, null=True, related_name="+", help_text="Who did it; empty: the server itself."
    )
    key = models.ForeignKey(ApiKey, on_delete=models.SET_NULL, null=True, related_name="+", help_text="With which key.")
    action = models.CharField(max_length=20)
    kind = models.CharField(max_length=20, help_text="Of the thing.")
    subject = models.BigIntegerField(help_text="Its id.")
    before = models.CharField(max_length=20, blank=True, help_text="The status before.")
    after = models.CharField(max_length=20, blank=True)
    fields = models.JSONField(default=list, help_text="Names of what was changed.")
    address = models.GenericIPAddressField(null=True, help_text="Where the request came from.")
    request_id = models.CharField(max_length=64, blank=True)
    at = models.DateTimeField(auto_now_add=True, db_index=True)

    objects = AuditQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        verbose_name_plural = "audit entries"
        indexes = [models.Index(fields=["owner", "-id"], name="audit_owner_newest")]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject}: {self.action}"

    def save(self, *args: Any, **options: Any) -> None:
        if not self._state.adding:
            raise TypeError("Audit entries are never changed.")
        super().save(*args, **options)

    def delete(self, *args: Any, **options: Any) -> tuple[int, dict[str, int]]:
        raise TypeError("Audit entries are not deleted one by one; apps.accounts.audit.sweep ends old ones.")
