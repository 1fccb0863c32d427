"""The forms of signing in and of making an account, and how a service's refusal reaches any form's fields."""

from typing import Any

from django import forms
from django.contrib.auth.forms import AuthenticationForm
from django.http import HttpRequest

from apps.errors import DomainError


class SignInForm(AuthenticationForm):
    """E-mail and password; addresses are kept in lower case."""

    error_messages = {
        "invalid_login": "That e-mail address and password do not belong together.",
        "inactive": "This account is switched off.",
    }

    def __init__(self, request: HttpRequest | None = None, *args: Any, **kwargs: Any) -> None:
        super().__init__(request, *args, **kwargs)
        self.label_suffix = ""
        self.fields["username"] = forms.EmailField(
            label="E-mail", widget=forms.EmailInput({"autocomplete": "username", "autofocus": True})
        )

    def clean_username(self) -> str:
        return str(self.cleaned_data["username"]).lower()


class RegistrationForm(forms.Form):
    """What `accounts.services.register` asks for."""

    email = forms.EmailField(label="E-mail", widget=forms.EmailInput({"autocomplete": "username", "autofocus": True}))
    name = forms.CharField(
        label="Name", required=False, max_length=150, widget=forms.TextInput({"autocomplete": "name"})
    )
    password = forms.CharField(
        label="Password",
        max_length=256,
        strip=False,
        help_text="Eight characters or more, not a common one.",
        widget=forms.PasswordInput({"autocomplete": "new-password"}),
    )


def add_problems(form: forms.BaseForm, refusal: DomainError) -> None:
    """Put a refusal's problems at the fields they are about, and what has no field on top."""
    for name, problems in refusal.fields.items():
        member = name.rpartition(".")[2]  # costs.spread is the field spread
        form.add_error(member if member in form.fields else None, problems)
    if not refusal.fields:
        form.add_error(None, refusal.message)
