"""A server goes on only in a folder that was made for it, and alone."""

import stat
from pathlib import Path

import pytest

from apps.runner.data_folder import MARKER, FolderRefused, claimed, secret_of

DEMO = frozenset({"demo"})


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


@pytest.mark.parametrize("there_is", ["nothing", "an empty folder", "a folder without state"])
def test_a_new_folder_is_taken_and_marked(tmp_path, there_is):
    folder = tmp_path / "state"
    if there_is != "nothing":
        folder.mkdir()
    if there_is == "a folder without state":
        (folder / "numba").mkdir()

    with claimed(folder, "demo", accepts=DEMO):
        assert (folder / MARKER).read_text() == "demo"
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700

    with claimed(folder, "demo", accepts=DEMO):
        pass


def test_a_folder_with_something_in_it_is_refused_and_left_alone(tmp_path):
    (tmp_path / "thesis.txt").write_text("all my work")

    with pytest.raises(FolderRefused, match="not empty"), claimed(tmp_path, "demo", accepts=DEMO):
        pass

    assert names(tmp_path) == {"thesis.txt"}


def test_a_demonstration_does_not_go_on_in_the_folder_of_a_real_server(tmp_path):
    with claimed(tmp_path, "serve", accepts=frozenset({"serve", "demo"})):
        pass

    with pytest.raises(FolderRefused, match=r"made by `manage.py serve`"), claimed(tmp_path, "demo", accepts=DEMO):
        pass

    assert names(tmp_path) == {MARKER}


def test_two_servers_cannot_hold_one_folder(tmp_path):
    with (
        claimed(tmp_path, "demo", accepts=DEMO),
        pytest.raises(FolderRefused, match="in use"),
        claimed(tmp_path, "demo", accepts=DEMO),
    ):
        pass


def test_a_file_is_no_folder(tmp_path):
    file = tmp_path / "state"
    file.write_text("")

    with pytest.raises(FolderRefused, match="not a folder"), claimed(file, "demo", accepts=DEMO):
        pass


def test_the_secret_is_made_once_and_is_the_owners_alone(tmp_path):
    secret = secret_of(tmp_path)

    assert len(secret) >= 50
    assert secret_of(tmp_path) == secret
    assert stat.S_IMODE((tmp_path / "secret_key").stat().st_mode) == 0o600
