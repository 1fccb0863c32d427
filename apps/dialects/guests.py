"""Who acts where a dialect knows no sign-in: one user whom the server's owner named, for clients of this machine."""

import ipaddress

from django.conf import settings

from apps.accounts.models import User


def guest_from(address: str) -> User | None:
    """The user whom an unsigned request from this address acts for; None where nobody is named, or it comes from afar.

    address: the IP address of the connection.
    """
    if not settings.DIALECTS_USER or not (settings.DIALECTS_ANYWHERE or _is_here(address)):
        return None
    return User.objects.filter(email=settings.DIALECTS_USER.lower(), is_active=True).first()


def _is_here(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:  # a socket of this machine has no address
        return address == ""
