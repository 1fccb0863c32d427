from datetime import timedelta

from django.utils import timezone

from apps.accounts.models import Ticket

URL = "/api/accounts/tickets/"


def test_a_ticket_opens_one_socket_for_its_user(api, owner):
    answer = api.post(URL)

    assert answer.status_code == 201
    assert answer.data["expires_in"] == 30
    assert Ticket.objects.redeem(answer.data["ticket"]) == owner
    assert Ticket.objects.redeem(answer.data["ticket"]) is None


def test_a_ticket_expires(api):
    secret = api.post(URL).data["ticket"]
    Ticket.objects.update(expires_at=timezone.now() - timedelta(seconds=1))

    assert Ticket.objects.redeem(secret) is None


def test_a_ticket_of_a_closed_account_opens_nothing(api, owner):
    secret = api.post(URL).data["ticket"]
    owner.is_active = False
    owner.save()

    assert Ticket.objects.redeem(secret) is None


def test_only_the_hash_of_a_ticket_is_kept(api):
    secret = api.post(URL).data["ticket"]

    assert secret not in str(Ticket.objects.values())


def test_a_stranger_gets_no_ticket(db, anonymous_api):
    assert anonymous_api.post(URL).status_code == 401
    assert not Ticket.objects.exists()
