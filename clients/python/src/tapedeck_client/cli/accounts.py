"""`tapedeck login` and `tapedeck logout`."""

import argparse
import getpass
import os
import sys

from tapedeck_client.cli import credentials


def login(options: argparse.Namespace) -> bool:
    """The password is asked for, or read from standard input when that is no terminal."""
    _refuse_given_token()
    email = options.email or (input("E-mail: ") if sys.stdin.isatty() else "")
    if not email:
        raise ValueError("Who signs in? Say --email.")
    password = getpass.getpass() if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")
    with credentials.connect(options.url) as client:
        user = client.login(email, password)
        credentials.Credentials(client.url).put_first()
        print(f"Signed in to {client.url} as {user.email}.")
    return True


def logout(options: argparse.Namespace) -> bool:
    _refuse_given_token()
    with credentials.connect(options.url) as client:
        try:
            client.logout()
        finally:
            credentials.Credentials(client.url).forget()
        print(f"Signed out of {client.url}.")
    return True


def _refuse_given_token() -> None:
    if os.environ.get("TAPEDECK_TOKEN"):
        raise ValueError("TAPEDECK_TOKEN is set, and used in place of any sign-in: unset it first.")
