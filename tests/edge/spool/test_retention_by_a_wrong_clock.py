"""A wrong clock never makes receipted footage old."""

from __future__ import annotations

from dataclasses import replace

from edge.spool.index import EntryRow
from edge.spool.retention import choose
from storage.receipt import Receipt, sign_receipt
from storage.signing import SigningKey

HOUR = 3600 * 10**9
NOW = 496_000 * HOUR
RECEIPT = Receipt(
    manifest_sha256="a" * 64,
    object_key="rooms/x",
    version_id="1",
    sealed_sha256="b" * 64,
    size=100,
    received_wall_ns=NOW,
    store="local-not-worm",
)
RECEIVED_NOW = sign_receipt(RECEIPT, SigningKey.generate())
ROW = EntryRow(1, "segment", "j", "a" * 64, "p", 100, 0, NOW, None, "receipted", RECEIVED_NOW, "b" * 64)


def test_while_the_clock_is_not_known_only_space_decides() -> None:
    assert choose([ROW], None, 72 * HOUR, wanted_bytes=0) == []
    assert choose([ROW], None, 72 * HOUR, wanted_bytes=1) == [ROW]
    assert choose([ROW], None, 0, wanted_bytes=0) == [ROW]


def test_what_was_signed_in_1970_is_as_old_as_its_receipt() -> None:
    of_1970 = replace(ROW, end_wall_ns=HOUR)
    assert choose([of_1970], NOW + 71 * HOUR, 72 * HOUR, wanted_bytes=0) == []
    assert choose([of_1970], NOW + 72 * HOUR, 72 * HOUR, wanted_bytes=0) == [of_1970]
    assert choose([of_1970], HOUR, 72 * HOUR, wanted_bytes=0) == []  # set back again
