"""The chain: whatever is done to a history is found, and found where it was done."""

from __future__ import annotations

import functools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.chain import (
    EMPTY,
    AlreadyKnown,
    AnyManifest,
    BadManifest,
    ChainBroken,
    ChainHead,
    SecondHead,
    check_link,
    open_entry,
    sign_entry,
)
from storage.errors import StorageError
from storage.manifest import ClockState, GapCause, GapManifest, Moment, NoteKind, NoteManifest
from storage.signing import MANIFEST_TYP, SigningKey, encode_base64url, jws_sha256, peek_json, sign_json

KEY = SigningKey.generate()
LENGTH = 8


def _manifest(number: int, previous: str | None, detail: str = "") -> AnyManifest:
    common = {"device": "d" * 32, "room": "a" * 32, "number": number, "previous": previous}
    made = Moment(wall_ns=1_800_000_000_000_000_000 + number, mono_ns=number)
    if number % 3 == 0:
        return GapManifest(**common, made=made, track="all", start=made, end=made, cause=GapCause.CRASHED)
    return NoteManifest(**common, made=made, note=NoteKind.HEALTH, detail=detail)


@functools.cache
def _history(detail: str = "", fork_at: int = 0) -> list[str]:
    """Signed entries; from `fork_at` on with another detail, so that they share what comes before."""
    chain: list[str] = []
    for number in range(1, LENGTH + 1):
        previous = jws_sha256(chain[-1]) if chain else None
        chain.append(sign_entry(_manifest(number, previous, detail if number >= fork_at else ""), KEY))
    return chain


def _first_fault(entries: list[str]) -> tuple[int, str] | None:
    """Place and code of the first entry that is refused; like every reader, stops there."""
    head = EMPTY
    for place, jws in enumerate(entries):
        try:
            head = check_link(head, open_entry(jws, KEY.public), jws_sha256(jws))
        except StorageError as error:
            return place, error.code
    return None


def test_a_whole_history_is_accepted_and_signs_the_same_twice() -> None:
    assert _first_fault(_history()) is None
    assert _history.__wrapped__() == _history()


@given(st.integers(0, LENGTH - 1))
def test_a_dropped_entry_is_missed_at_its_place(place: int) -> None:
    entries = _history()
    fault = _first_fault(entries[:place] + entries[place + 1 :])
    assert fault == (None if place == LENGTH - 1 else (place, "chain-hole"))  # a cut end shows nowhere in the chain


@given(st.permutations(range(LENGTH)))
def test_another_order_is_found_where_it_begins(order: list[int]) -> None:
    changed = [place for place in range(LENGTH) if order[place] != place]
    fault = _first_fault([_history()[place] for place in order])
    assert (fault[0] if fault else None) == (changed[0] if changed else None)


@given(st.integers(0, LENGTH - 1), st.integers(0, LENGTH))
def test_a_doubled_entry_is_found(entry: int, place: int) -> None:
    entries = list(_history())
    entries.insert(place, entries[entry])
    fault = _first_fault(entries)
    assert fault is not None
    assert fault[0] == (place if place != entry else entry + 1)


@given(st.integers(0, LENGTH - 1), st.data())
def test_any_changed_character_is_found_at_its_entry(place: int, data: st.DataObject) -> None:
    entries = list(_history())
    at = data.draw(st.integers(0, len(entries[place]) - 1))
    character = data.draw(st.sampled_from("AZaz09-_.=+/ \n\x00é").filter(lambda other: other != entries[place][at]))
    entries[place] = entries[place][:at] + character + entries[place][at + 1 :]
    fault = _first_fault(entries)
    assert fault is not None
    assert fault[0] == place


@given(st.integers(2, LENGTH), st.integers(1, LENGTH - 1))
def test_a_spliced_history_is_found_where_they_meet(fork_at: int, place: int) -> None:
    """Both histories are signed by the same key: only the links tell them apart."""
    fault = _first_fault(_history()[:place] + _history("other", fork_at)[place:])
    first_different = next((n for n in range(LENGTH) if _history()[n] != _history("other", fork_at)[n]), LENGTH)
    assert fault == ((place, "chain-broken") if place > first_different else None)


@given(st.integers(1, LENGTH - 1), st.integers(1, LENGTH - 1))
def test_a_stranger_in_the_chain_is_a_second_head(reached: int, number: int) -> None:
    head = ChainHead(reached, jws_sha256(_history()[reached - 1]))
    stranger = sign_entry(_manifest(number, None, "stranger"), KEY)
    known = jws_sha256(_history()[number - 1])
    if number > reached:
        with pytest.raises(ChainBroken):
            check_link(head, open_entry(stranger, KEY.public), jws_sha256(stranger), known_sha256=known)
        return
    with pytest.raises(SecondHead):
        check_link(head, open_entry(stranger, KEY.public), jws_sha256(stranger), known_sha256=known)
    with pytest.raises(AlreadyKnown):
        check_link(head, open_entry(_history()[number - 1], KEY.public), known, known_sha256=known)


@given(st.integers(-(2**63) + 1, 2**63 - 1), st.integers(0, 2**63 - 1))
def test_nanoseconds_of_any_size_survive_signing(offset_ns: int, wall_ns: int) -> None:
    manifest = _manifest(1, None).model_copy(
        update={"clock": ClockState(offset_ns=offset_ns), "made": Moment(wall_ns=wall_ns, mono_ns=0)}
    )
    assert open_entry(sign_entry(manifest, KEY), KEY.public) == manifest


@pytest.mark.parametrize("value", ["01", "+1", " 1", "1_0", "1.0", "-0", "", "9" * 20, "１"])
def test_a_number_has_one_text(value: str) -> None:
    payload = peek_json(_history()[0])
    payload["made"]["wall_ns"] = value
    with pytest.raises(BadManifest):
        open_entry(sign_json(payload, KEY, MANIFEST_TYP), KEY.public)


@pytest.mark.parametrize(
    "change", [{"format": "shilu-manifest-2"}, {"hash_algorithm": "sm3"}, {"kind": "other"}, {"further": 1}]
)
def test_an_unknown_format_is_refused_by_name(change: dict[str, object]) -> None:
    with pytest.raises(BadManifest, match=r"|".join([*change, "kind"])):
        open_entry(sign_json({**peek_json(_history()[0]), **change}, KEY, MANIFEST_TYP), KEY.public)


def test_an_entry_is_what_people_can_read_without_us() -> None:
    head, payload, _ = _history()[0].split(".")
    assert head == encode_base64url(
        b'{"alg":"EdDSA","kid":"' + KEY.public.kid.encode() + b'","typ":"shilu-manifest+jws"}'
    )
    assert peek_json(_history()[0])["made"]["wall_ns"] == "1800000000000000001"
    assert payload
