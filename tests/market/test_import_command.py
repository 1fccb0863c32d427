import sys

import pytest
from django.core.management import CommandError, call_command

from apps.market.models import Dataset
from tests.conftest import as_csv, random_bars
from tests.market import quotes

WORDS = ["--symbol", "EUR_USD", "--timeframe", "1m", "--name", "minutes"]


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "bars.csv"
    path.write_bytes(as_csv(random_bars(500)))
    return path


def test_a_file_is_imported_for_a_user_with_a_report(file, owner, capsys):
    call_command("import_bars", str(file), *WORDS, "--owner", "Owner@example.org")

    assert Dataset.objects.get().owner == owner
    report = capsys.readouterr().out
    assert "minutes v1: 500 bars, 2024-01-01 00:00 to 2024-01-01 08:19 UTC" in report
    assert "duplicates dropped: 0" in report


def test_a_file_is_imported_for_all(file, db):
    call_command("import_bars", str(file), *WORDS, "--shared", "--kind", "forex", "--licence", "CC0")

    assert (Dataset.objects.get().owner, Dataset.objects.get().licence) == (None, "CC0")


def test_a_terminal_shows_how_far_the_reading_is(file, db, capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)

    call_command("import_bars", str(file), *WORDS, "--shared")

    assert "100%" in capsys.readouterr().err
    assert Dataset.objects.get().latest.rows == 500


WRONG = {
    "no such user": (["--owner", "nobody@example.org"], "no user nobody@example.org"),
    "no owner": ([], "one of the arguments --owner --shared is required"),
    "two owners": (["--owner", "a@example.org", "--shared"], "not allowed with"),
    "no such timeframe": (["--shared", "--timeframe", "1y"], "'1y' is no timeframe"),
}


@pytest.mark.parametrize(("words", "message"), WRONG.values(), ids=WRONG.keys())
def test_a_wrong_command_is_refused_in_words(file, db, words, message):
    with pytest.raises(CommandError, match=message):
        call_command("import_bars", str(file), *WORDS, *words)

    assert not Dataset.objects.exists()


def test_a_bad_or_missing_file_is_refused_in_words(tmp_path, db):
    (tmp_path / "bars.csv").write_text("a,b\n1,2\n")

    with pytest.raises(CommandError, match="no column for time"):
        call_command("import_bars", str(tmp_path / "bars.csv"), *WORDS, "--shared")
    with pytest.raises(CommandError, match="cannot be read: No such file"):
        call_command("import_bars", str(tmp_path / "missing.csv"), *WORDS, "--shared")

    assert not Dataset.objects.exists()


TICKS = ["--symbol", "EUR_USD", "--name", "ticks", "--shared"]


def test_ticks_are_imported_with_a_report(tmp_path, db, capsys):
    (tmp_path / "ticks.csv").write_bytes(quotes.as_csv(quotes.random_ticks(300)))

    call_command("import_ticks", str(tmp_path / "ticks.csv"), *TICKS)

    report = capsys.readouterr().out
    assert "ticks v1: 300 ticks, 2024-01-01 00:00 to 2024-01-01 00:02 UTC" in report
    assert "crossed dropped: 0" in report
    assert (Dataset.objects.get().layout, Dataset.objects.get().timeframe_seconds) == ("ticks", 0)


def test_quote_bars_are_imported_without_those_that_are_crossed(tmp_path, db, capsys):
    bars = quotes.random_quotes(30)
    bars["ask_close"][7] = bars["ask_low"][7] = bars["bid_low"][7] - 0.001
    (tmp_path / "quotes.csv").write_bytes(quotes.as_csv(bars))
    words = ["import_quote_bars", str(tmp_path / "quotes.csv"), *TICKS, "--timeframe", "1m"]

    with pytest.raises(CommandError, match="Line 9: ask_low"):
        call_command(*words)
    assert not Dataset.objects.exists()
    call_command(*words, "--crossed", "drop")

    assert "29 quote bars" in capsys.readouterr().out
