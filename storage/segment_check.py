"""Checks one signed segment: its bytes where they are, its receipt, and what is inside where it can be opened."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from storage.errors import StorageError
from storage.evidence import EntryFile, Evidence
from storage.footage_check import FootageIndex, check_opened, check_shape
from storage.manifest import SegmentManifest
from storage.playing import check_plays
from storage.receipt import Receipt, open_receipt
from storage.report import Report
from storage.sealing import Opener, open_sealed
from storage.signing import PublicKey, jws_sha256, peek_kid


class SegmentUnsound(StorageError):
    """`sealed-differs`, `receipt-differs`, `receipt-key`, `bytes-missing`."""


@dataclass(frozen=True)
class SegmentCheck:
    """What every segment is checked with. Each call raises StorageError at what is bad, and counts in `report`."""

    evidence: Evidence
    footage: FootageIndex
    centre_keys: dict[str, PublicKey]
    opener: Opener | None
    thorough: bool
    report: Report

    def check(self, entry: EntryFile, jws: str, manifest: SegmentManifest) -> bool:
        """True; or False when the bytes are not here, which only the whole chain can explain."""
        check_shape(manifest)
        receipted = self.check_receipt(entry, jws, manifest)
        if self.evidence.kind == "package":
            return False  # its bytes stand in joined files: `claim`, once it is known what stands for what
        sealed = self.evidence.sealed_file(manifest, entry.path)
        if sealed is None:
            return self._check_absence(receipted)
        self._check_sealed(sealed, manifest)
        if self.opener is not None:
            self._check_inside(sealed, manifest, self.opener)
        return True

    def claim(self, manifest: SegmentManifest) -> bool:
        """Whether a package's joined files hold it, fragment by fragment as signed."""
        found = self.footage.claim(manifest)
        self.report.fragments_checked += len(manifest.opened.fragments) if found else 0
        return found

    def check_receipt(self, entry: EntryFile, jws: str, manifest: SegmentManifest | None) -> bool:
        """Whether there is one. `manifest`: only for segments, whose bytes it speaks of."""
        text = self.evidence.receipt(entry)
        if text is None:
            return False
        if not self.centre_keys:
            self.report.receipts_unchecked += 1
            return True
        key = self.centre_keys.get(peek_kid(text))
        if key is None:
            raise SegmentUnsound(
                "receipt-key",
                "回执不是由给出的中心公钥签名的。",
                "Its receipt was not signed by a centre key given here.",
            )
        self._match_receipt(open_receipt(text, key), jws, manifest)
        self.report.receipts_checked += 1
        return True

    def _match_receipt(self, receipt: Receipt, jws: str, manifest: SegmentManifest | None) -> None:
        same_bytes = manifest is None or (receipt.sealed_sha256, receipt.size) == (
            manifest.sealed.sha256,
            manifest.sealed.size,
        )
        if receipt.manifest_sha256 != jws_sha256(jws) or not same_bytes:
            raise SegmentUnsound(
                "receipt-differs", "回执与条目不符。", "Its receipt speaks of another entry or of other bytes."
            )

    def _check_absence(self, receipted: bool) -> bool:
        if self.evidence.kind == "spool":
            if receipted:
                self.report.pruned += 1
            return receipted
        if receipted:
            raise SegmentUnsound(
                "bytes-missing",
                "回执说已归档，但归档中没有该片段的内容。",
                "A receipt says that this segment was archived, but its bytes are not here.",
            )
        return False

    def _check_sealed(self, path: Path, manifest: SegmentManifest) -> None:
        said, size = manifest.sealed, path.stat().st_size
        with path.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        if size != said.size:
            raise _sealed_differs(f"为 {size} 字节，签名为 {said.size} 字节", f"has {size} bytes, not {said.size}")
        if sha256 != said.sha256:
            raise _sealed_differs("哈希与签名不符", "has another hash than the signed one")
        self.report.sealed_checked += 1

    def _check_inside(self, path: Path, manifest: SegmentManifest, opener: Opener) -> None:
        with path.open("rb") as file:
            opened = open_sealed(file, opener, torn=manifest.recovered)
        self.report.fragments_checked += check_opened(manifest, opened)
        check_plays(manifest, opened, thorough=self.thorough)
        self.report.opened_checked += 1


def bytes_missing() -> SegmentUnsound:
    return SegmentUnsound(
        "bytes-missing",
        "片段内容不在了，也没有归档回执。",
        "The segment's bytes are gone and there is no receipt for them.",
    )


def _sealed_differs(what: str, what_en: str) -> SegmentUnsound:
    return SegmentUnsound("sealed-differs", f"加密片段{what}。", f"The sealed segment {what_en}.")
