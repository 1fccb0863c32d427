from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.db.models import QuerySet
from django.http import HttpRequest
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken, OutstandingToken
from unfold.admin import ModelAdmin, StackedInline
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from apps.accounts import audit, keys
from apps.accounts.models import ApiKey, AuditEntry, Quota, User

admin.site.unregister(OutstandingToken)  # its page shows whole tokens, with which one can act as another
admin.site.unregister(BlacklistedToken)
admin.site.unregister(Group)


class LowerCaseEmail:
    """An address is kept in lower case, whoever types it."""

    cleaned_data: dict[str, str]

    def clean_email(self) -> str:
        return self.cleaned_data["email"].lower()


class PersonCreationForm(LowerCaseEmail, UserCreationForm):
    class Meta:
        model = User
        fields = ["email", "name"]


class PersonChangeForm(LowerCaseEmail, UserChangeForm):
    class Meta:
        model = User
        fields = "__all__"


class QuotaInline(StackedInline):
    model = Quota
    can_delete = True
    extra = 0


@admin.register(User)
class UserAdmin(DjangoUserAdmin, ModelAdmin):  # type: ignore[type-arg]
    form = PersonChangeForm
    add_form = PersonCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ["email", "name", "is_active", "is_staff", "date_joined", "last_login"]
    list_filter = ["is_active", "is_staff", "is_superuser", "groups"]
    search_fields = ["email", "name"]
    ordering = ["email"]
    readonly_fields = ["last_login", "date_joined"]
    fieldsets = [
        (None, {"fields": ["email", "password"]}),
        ("Person", {"fields": ["name"]}),
        ("Rights", {"fields": ["is_active", "is_staff", "is_superuser", "groups", "user_permissions"]}),
        ("Dates", {"fields": ["last_login", "date_joined"]}),
    ]
    add_fieldsets = [(None, {"classes": ["wide"], "fields": ["email", "name", "password1", "password2"]})]

    def get_inlines(self, request: HttpRequest, obj: User | None) -> Any:
        return [QuotaInline] if obj else []  # whom there is not yet nobody need limit

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        super().save_formset(request, form, formset, change)
        if formset.model is Quota and formset.has_changed():
            changed = {name for each in formset.forms for name in each.changed_data}
            audit.note(form.instance.pk, "changed", "quota", form.instance.pk, fields=changed)


@admin.register(Group)
class GroupAdmin(DjangoGroupAdmin, ModelAdmin):
    pass


@admin.register(ApiKey)
class ApiKeyAdmin(ModelAdmin):
    """Keys are made by their users; an administrator sees whose they are, and revokes them."""

    list_display = ["name", "user", "scope", "prefix", "created_at", "expires_at", "revoked_at", "last_used_at"]
    list_filter = ["scope"]
    list_select_related = ["user"]
    search_fields = ["name", "user__email", "prefix"]
    fields = readonly_fields = list_display
    actions = ["revoke"]

    @admin.action(description="Revoke")
    def revoke(self, request: HttpRequest, chosen: QuerySet[ApiKey]) -> None:
        for key in chosen:
            keys.revoke(key)

    def has_add_permission(self, request: HttpRequest, *args: Any) -> bool:
        return False


@admin.register(AuditEntry)
class AuditEntryAdmin(ModelAdmin):
    """Written with each change, and never changed itself."""

    list_display = ["at", "owner", "actor", "key", "action", "kind", "subject", "before", "after", "address"]
    list_filter = ["action", "kind"]
    list_select_related = ["owner", "actor", "key"]
    search_fields = ["=subject", "owner__email", "actor__email", "=request_id"]
    date_hierarchy = "at"
    fields = readonly_fields = [*list_display, "fields", "request_id"]
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest, *args: Any) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, *args: Any) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, *args: Any) -> bool:
        return False
