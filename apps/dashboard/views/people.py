"""Signing in, signing out, making an account."""

from typing import Any

from django.conf import settings
from django.contrib.auth import login
from django.contrib.auth.views import LoginView, LogoutView
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from apps.accounts import services
from apps.dashboard.forms import RegistrationForm, SignInForm, add_problems
from apps.errors import DomainError


class SignIn(LoginView):
    template_name = "dashboard/sign_in.html"
    authentication_form = SignInForm
    redirect_authenticated_user = True

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        return super().get_context_data(**context, is_registration_open=settings.REGISTRATION_OPEN)


class SignOut(LogoutView):
    http_method_names = ["post", "options"]


@never_cache
@sensitive_post_parameters("password")
def register(request: HttpRequest) -> HttpResponse:
    if not settings.REGISTRATION_OPEN:
        raise Http404("Registration is closed on this server.")
    form = RegistrationForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            user = services.register(**form.cleaned_data)
        except DomainError as refusal:
            add_problems(form, refusal)
        else:
            login(request, user)
            return redirect(settings.LOGIN_REDIRECT_URL)
    return render(request, "dashboard/register.html", {"form": form})
