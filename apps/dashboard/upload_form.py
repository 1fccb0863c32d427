"""The form that brings a file of market data."""

from typing import Any, BinaryIO, cast

from django import forms
from django.conf import settings

from apps.accounts.models import User
from apps.dashboard.forms import add_problems
from apps.errors import DomainError, Invalid
from apps.market import services
from apps.market.conventions import timeframe_of
from apps.market.importers import IMPORTERS
from apps.market.models import Dataset, DatasetVersion, Instrument
from apps.market.quality import DROP, REFUSE
from apps.market.series import LONGEST

MEGABYTE = 1024 * 1024


class UploadForm(forms.Form):
    """What `market.services.import_file` asks for."""

    file = forms.FileField(
        label="File",
        allow_empty_file=True,
        help_text="With a header, or as HistData and TrueFX write it. Times without an offset are UTC.",
        widget=forms.FileInput({"accept": ",".join(IMPORTERS)}),
    )
    layout = forms.ChoiceField(
        label="Its rows are",
        choices=[
            (Dataset.Layout.BARS, "bars: open, high, low, close"),
            (Dataset.Layout.QUOTE_BARS, "quote bars: the four prices of bid and ask"),
            (Dataset.Layout.TICKS, "ticks: bid and ask"),
        ],
    )
    timeframe_seconds = forms.CharField(
        label="Timeframe", required=False, max_length=10, help_text="Of bars: 1m, 4h, 1d. Ticks have none."
    )
    crossed = forms.ChoiceField(
        label="Crossed quotes",
        choices=[(REFUSE, "refuse the file"), (DROP, "leave them out")],
        required=False,
        help_text="Whose ask is below their bid.",
    )
    symbol = forms.CharField(label="Symbol", max_length=40, help_text="Of the instrument, as EUR_USD or SPY.")
    kind = forms.ChoiceField(
        label="Kind",
        choices=[("", "as such a symbol usually is"), *Instrument.Kind.choices],
        required=False,
        help_text="Of an instrument that is new.",
    )
    name = forms.CharField(
        label="Name", max_length=120, help_text="Of the dataset; one of yours that is there gets a new version."
    )
    source = forms.CharField(label="Source", required=False, max_length=LONGEST["source"])
    licence = forms.CharField(label="Licence", required=False, max_length=LONGEST["licence"])

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if (file.size or 0) > settings.MAX_UPLOAD_MB * MEGABYTE:
            raise forms.ValidationError(f"At most {settings.MAX_UPLOAD_MB} MB are taken; import it by manage.py.")
        return file

    def clean_timeframe_seconds(self) -> int:
        text: str = self.cleaned_data["timeframe_seconds"].strip()
        try:
            return timeframe_of(text) if text else 0
        except Invalid as refusal:
            raise forms.ValidationError(refusal.message) from refusal

    def take(self, owner: User) -> DatasetVersion | None:
        """The version that the file has become; None when it is refused, with every problem at its field."""
        if not self.is_valid():
            return None
        said: dict[str, Any] = dict(self.cleaned_data)
        file, kind = said.pop("file"), said.pop("kind")
        if not said["crossed"] or said["layout"] == Dataset.Layout.BARS:
            del said["crossed"]
        described = {"kind": kind} if kind else {}
        try:
            return services.import_file(
                owner=owner, file=cast("BinaryIO", file.file), filename=str(file.name), instrument=described, **said
            )
        except DomainError as refusal:
            add_problems(self, refusal)
            return None
