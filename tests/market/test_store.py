import os
from pathlib import Path

import numpy as np
import pytest

from apps.engine.types import BAR
from apps.market import store
from apps.market.store import DataDamaged
from tests.conftest import MINUTE, MONDAY, random_bars


def damage(content_hash, position=-5):
    """Flip one bit, and let the file look as old as before but for the clock's least tick."""
    path = store.path_of(content_hash)
    content = bytearray(path.read_bytes())
    content[position] ^= 1
    path.write_bytes(content)


def test_what_is_saved_is_loaded(bars):
    loaded = store.load(store.save(bars))

    assert loaded.dtype == BAR
    assert np.array_equal(loaded, bars)


def test_equal_rows_are_one_file(bars, stored_files):
    assert store.save(bars) == store.save(bars.copy()) == store.save(bars[::1])
    assert len(stored_files()) == 1


def test_rows_that_differ_in_one_bit_are_two_files(bars):
    other = bars.copy()
    other["close"][7] = np.nextafter(other["close"][7], 1e9)

    assert store.save(bars) != store.save(other)


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (None, None, slice(0, 50)),
        (MONDAY + 10 * MINUTE, MONDAY + 20 * MINUTE, slice(10, 21)),
        (MONDAY + 10 * MINUTE + 1, MONDAY + 20 * MINUTE - 1, slice(11, 20)),
        (MONDAY + 100 * MINUTE, None, slice(50, 50)),
        (None, MONDAY - 1, slice(0, 0)),
    ],
)
def test_a_range_includes_both_its_ends(bars, start, end, expected):
    assert np.array_equal(store.load(store.save(bars), start=start, end=end), bars[expected])


def test_loaded_rows_cannot_be_changed(bars):
    loaded = store.load(store.save(bars))

    with pytest.raises(ValueError, match="read-only"):
        loaded["close"][0] = 1.0


@pytest.mark.parametrize("position", [-5, 200, 20, 0])
def test_a_flipped_bit_is_found_in_rows_and_header(bars, position):
    content_hash = store.save(bars)
    damage(content_hash, position)

    with pytest.raises(DataDamaged):
        store.load(content_hash)


def test_a_flipped_bit_is_found_in_a_file_that_was_read_before(bars):
    content_hash = store.save(bars)
    store.load(content_hash)
    damage(content_hash)

    with pytest.raises(DataDamaged):
        store.load(content_hash)


@pytest.mark.parametrize("keep", [0, 10, 1000])
def test_a_file_cut_short_is_found(bars, keep):
    content_hash = store.save(bars)
    os.truncate(store.path_of(content_hash), keep)

    with pytest.raises(DataDamaged):
        store.load(content_hash)


def test_missing_rows_are_said_to_be_missing(bars):
    with pytest.raises(DataDamaged, match="missing"):
        store.load(store.hash_of(bars))


def test_saving_again_repairs_a_damaged_file(bars):
    content_hash = store.save(bars)
    damage(content_hash)

    assert store.save(bars) == content_hash
    assert np.array_equal(store.load(content_hash), bars)


@pytest.mark.parametrize("step", ["write_array_header_1_0", "fsync", "replace"])
def test_a_save_that_fails_leaves_nothing(bars, monkeypatch, stored_files, step):
    def fail(*words, **options):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr({"fsync": os, "replace": Path}.get(step, np.lib.format), step, fail)
        with pytest.raises(OSError, match="No space"):
            store.save(bars)

    assert stored_files() == []
    assert np.array_equal(store.load(store.save(bars)), bars)


def test_a_crash_before_the_rename_leaves_no_half_file(bars, monkeypatch, own_store):
    """A process that is killed cleans nothing up: what lies there then is no dataset's file."""

    def die(path, target):
        raise KeyboardInterrupt

    with monkeypatch.context() as killed:
        killed.setattr(Path, "replace", die)
        killed.setattr(Path, "unlink", lambda path, missing_ok: None)
        with pytest.raises(KeyboardInterrupt):
            store.save(bars)

    assert [path.suffix for path in own_store.rglob("*.*")] == [".part"]
    with pytest.raises(DataDamaged):
        store.load(store.hash_of(bars))
    assert np.array_equal(store.load(store.save(bars)), bars)


def test_a_file_is_hashed_once_while_it_is_left_alone(bars, monkeypatch):
    content_hash = store.save(bars)
    hashed = []
    monkeypatch.setattr(store, "hash_of", lambda rows: hashed.append(1) or content_hash)

    for _ in range(3):
        store.load(content_hash)

    assert hashed == [1]


def test_a_range_of_a_large_file_is_not_copied():
    bars = store.load(store.save(random_bars(1000)), start=MONDAY + MINUTE)

    assert isinstance(bars.base, np.memmap)
