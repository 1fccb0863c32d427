from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "apps.accounts"

    def ready(self) -> None:
        import apps.accounts.schema  # noqa: F401 - the class registers itself
