"""Whom the recorder believes: one pin, one centre, nothing older, nobody else's room (S10)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from edge.recorder.configuration import check_newer, keep_orders, load_orders, open_orders, same_recording
from edge.recorder.pinning import PinDamaged, Pinned, load_pinned, pin
from edge.recorder.refusal import Refusal
from storage.sealing_list import SealingList, sign_sealing_list
from storage.signing import CONFIGURATION_TYP, SigningKey, sign_json
from tests.edge.recorder.room import SHORT_SPOOL, TestCentre


@pytest.fixture
def centre() -> TestCentre:
    return TestCentre()


def pinned_to(centre: TestCentre) -> Pinned:
    return Pinned(centre_key=centre.key.public.text, device=centre.device, room=centre.room)


def test_pinned_once_and_for_all(tmp_path: Path, centre: TestCentre) -> None:
    path = tmp_path / "pinned.json"
    assert load_pinned(path) is None
    first = pin(path, centre.key.public.text, centre.device, centre.room)
    assert pin(path, centre.key.public.text, centre.device, centre.room) == first == load_pinned(path)
    assert path.stat().st_mode & 0o777 == 0o600
    for key, device, room in (
        (SigningKey.generate().public.text, centre.device, centre.room),
        (centre.key.public.text, "0" * 32, centre.room),
        (centre.key.public.text, centre.device, "0" * 32),
    ):
        with pytest.raises(Refusal) as refusal:
            pin(path, key, device, room)
        assert refusal.value.code == "already-pinned"
    assert load_pinned(path) == first


@pytest.mark.parametrize(("key", "device"), [("AAAA", "0" * 32), ("", "0" * 32), (None, "not-an-id")])
def test_a_pin_in_no_form_is_refused(tmp_path: Path, centre: TestCentre, key: str | None, device: str) -> None:
    with pytest.raises(Refusal) as refusal:
        pin(tmp_path / "pinned.json", centre.key.public.text if key is None else key, device, centre.room)
    assert refusal.value.code == "bad-pin"
    assert not (tmp_path / "pinned.json").exists()


def test_a_damaged_pin_is_never_taken_for_none(tmp_path: Path) -> None:
    (tmp_path / "pinned.json").write_text("{")
    with pytest.raises(PinDamaged):
        load_pinned(tmp_path / "pinned.json")


def test_orders_are_kept_and_believed_again(tmp_path: Path, centre: TestCentre) -> None:
    orders = open_orders(centre.configuration(), centre.sealing(), pinned_to(centre))
    assert load_orders(tmp_path, pinned_to(centre)) is None
    keep_orders(tmp_path, orders)
    assert load_orders(tmp_path, pinned_to(centre)) == orders
    assert orders.detail == "configuration=1 sealing=1"


def test_another_centres_orders_are_refused(centre: TestCentre) -> None:
    stranger = TestCentre(device=centre.device, room=centre.room)
    for configuration, sealing in (
        (stranger.configuration(), centre.sealing()),
        (centre.configuration(), stranger.sealing()),
        (centre.sealing(), centre.sealing()),  # signed, but another kind of document
        ("x", centre.sealing()),
    ):
        with pytest.raises(Refusal) as refusal:
            open_orders(configuration, sealing, pinned_to(centre))
        assert refusal.value.code == "bad-signature"


def test_orders_for_another_room_or_with_a_wrong_key_are_refused(centre: TestCentre) -> None:
    other = TestCentre(key=centre.key)
    with pytest.raises(Refusal) as refusal:
        open_orders(other.configuration(), centre.sealing(), pinned_to(centre))
    assert refusal.value.code == "bad-configuration"
    mistyped = {"version": 1, "device": centre.device, "room": centre.room, "camara": {}}
    with pytest.raises(Refusal) as refusal:
        open_orders(sign_json(mistyped, centre.key, CONFIGURATION_TYP), centre.sealing(), pinned_to(centre))
    assert refusal.value.code == "bad-configuration"
    assert "camera" in refusal.value.message_en


def test_nobody_to_seal_to_means_no_recording(centre: TestCentre) -> None:
    nobody = sign_sealing_list(SealingList(version=1, recipients=[]), centre.key)
    with pytest.raises(Refusal) as refusal:
        open_orders(centre.configuration(), nobody, pinned_to(centre))
    assert refusal.value.code == "no-recipients"


@pytest.mark.parametrize(("version", "changes"), [(1, {}), (2, {"room_name": "二号接谈室"})])
def test_nothing_older_and_nothing_else_under_a_known_version(
    centre: TestCentre, version: int, changes: dict[str, Any]
) -> None:
    sealing = centre.sealing()
    known = open_orders(centre.configuration(2), sealing, pinned_to(centre))
    check_newer(known, known)
    check_newer(known, open_orders(centre.configuration(3), sealing, pinned_to(centre)))
    with pytest.raises(Refusal) as refusal:
        check_newer(known, open_orders(centre.configuration(version, **changes), sealing, pinned_to(centre)))
    assert refusal.value.code == "older-version"


def test_only_what_is_recorded_breaks_the_run(centre: TestCentre) -> None:
    def configuration(version: int, **changes: Any) -> Any:
        return open_orders(centre.configuration(version, **changes), centre.sealing(), pinned_to(centre)).configuration

    kept_longer = SHORT_SPOOL.model_copy(update={"keep_receipted_hours": 1})
    assert same_recording(configuration(1), configuration(2, spool=kept_longer))
    assert not same_recording(configuration(1), configuration(2, sound={"bitrate_kbps": 64}))
    assert same_recording(configuration(1), configuration(2, room_name="二号接谈室"))
    assert not same_recording(configuration(1), configuration(2, spool=SHORT_SPOOL.model_copy(update={"segment_s": 9})))
