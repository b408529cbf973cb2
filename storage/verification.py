"""Checks that what lies at a place is whole and untouched, offline, with public keys only. Changes nothing.

In chain order, device by device: signature, link to the entry before, sealed bytes, receipt; with something that
opens footage also what is inside. Stops at the first bad thing and says it in a sentence. What no check can see
from one place alone: entries cut off at the very end of a chain (the centre's receipts and heads tell those).
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from storage.chain import EMPTY, AlreadyKnown, AnyManifest, ChainHead, check_link, open_entry
from storage.coverage import Coverage
from storage.dating import DatedEntry, Dating, redated
from storage.errors import StorageError
from storage.evidence import EntryFile, Evidence, NoEvidence, find_evidence
from storage.footage_check import FootageIndex
from storage.manifest import ClockCorrection, GapManifest, NoteManifest, SegmentManifest
from storage.report import Problem, Report, Unsound, at_place
from storage.sealing import Opener
from storage.segment_check import SegmentCheck, bytes_missing
from storage.signing import PublicKey, jws_sha256, peek_json, peek_kid
from storage.whereabouts import Whereabouts, measure

__all__ = ["Problem", "Progress", "Report", "verify"]

Timed = TypeVar("Timed", SegmentManifest, GapManifest)
Progress = Callable[[int, int, str], None]  # entries done, entries in all, place


def verify(
    path: Path,
    device_keys: Iterable[PublicKey] = (),
    centre_keys: Iterable[PublicKey] = (),
    identity: Opener | None = None,
    progress: Progress | None = None,
    *,
    thorough: bool = False,
) -> Report:
    """Check a spool, an archive folder or an unpacked package. Never raises for what it finds.

    Without any device key those that lie in the archive or package are used, and the report says so.
    """
    report = Report(str(path))
    try:
        evidence = find_evidence(path)
        report.kind = evidence.kind
        devices, centres = _choose_keys(evidence, list(device_keys), list(centre_keys), report)
        check = SegmentCheck(evidence, FootageIndex(), centres, identity, thorough, report)
        _Verification(evidence, devices, check, progress).run()
    except Unsound as error:
        report.problem = Problem(error.code, error.place, error.message, error.message_en)
    except StorageError as error:
        report.problem = Problem(error.code, "", error.message, error.message_en)
    except OSError as error:
        why, place = error.strerror or type(error).__name__, str(error.filename or "")
        report.problem = Problem("unreadable", place, f"{place} 无法读取：{why}。", f"{place} can't be read: {why}.")
    return report


def _choose_keys(
    evidence: Evidence, devices: list[PublicKey], centres: list[PublicKey], report: Report
) -> tuple[dict[str, PublicKey], dict[str, PublicKey]]:
    if not devices:
        devices, found_centres = evidence.keys(centres)
        centres = centres or found_centres
        report.keys_from_evidence = bool(devices)
    if not devices:
        raise NoEvidence(
            "no-key",
            "没有设备公钥：请用 --key 给出（县接待中心的设备页面上有）。",
            "There is no device key: give one with --key (the centre's page of the device shows it).",
        )
    report.fingerprints = [key.fingerprint for key in devices]
    return {key.kid: key for key in devices}, {key.kid: key for key in centres}


def _corrections(entries: list[EntryFile]) -> list[ClockCorrection]:
    """What later entries say about the time of earlier ones. Their signatures are checked in turn, before any of this
    counts: the first one that does not hold ends the verification."""
    found: list[ClockCorrection] = []
    for entry in entries:
        correction = peek_json(entry.path.read_text(encoding="ascii").strip()).get("correction")
        with contextlib.suppress(ValidationError):  # told of when its turn comes
            found += [ClockCorrection.model_validate(correction)] if correction else []
    return found


class _Verification:
    """One pass over the evidence; counts go into the check's report."""

    def __init__(
        self, evidence: Evidence, device_keys: dict[str, PublicKey], check: SegmentCheck, progress: Progress | None
    ) -> None:
        self._evidence, self._keys, self._check = evidence, device_keys, check
        self._report, self._progress = check.report, progress
        self._signer_of: dict[str, str] = {}
        self._dating, self._dated = Dating(), list[DatedEntry]()
        self._further: list[NoteManifest] = []
        self._held, self._absent = list[Whereabouts](), list[Whereabouts]()

    def run(self) -> None:
        for path, error in self._evidence.unreadable:
            with at_place(self._evidence.name(path)):
                raise error
        for path in self._evidence.footage_files():
            with at_place(self._evidence.name(path)):
                self._check.footage.read(path)
        for path in self._evidence.correction_files():
            with at_place(self._evidence.name(path)):
                note = self._open(path.read_text(encoding="ascii", errors="replace").strip())
                self._further += [note] if isinstance(note, NoteManifest) else []
        devices = sorted({entry.device for entry in self._evidence.entries})
        self._report.devices = len(devices)
        for device in devices:
            self._check_device([entry for entry in self._evidence.entries if entry.device == device])
        self._check_unclaimed()
        self._check_listed()
        self._check_tags()

    def _check_device(self, entries: list[EntryFile]) -> None:
        coverage = Coverage()
        further = [one.correction for one in self._further if entries and one.device == entries[0].device]
        stated = [*_corrections(entries), *(one for one in further if one is not None)]
        self._dating, self._dated = Dating(stated), []
        head: ChainHead | None = None if self._evidence.kind == "package" else EMPTY
        for entry in entries:
            place = self._evidence.name(entry.path)
            jws = entry.path.read_text(encoding="ascii").strip()
            with at_place(place, AlreadyKnown):
                manifest = self._open(jws)
                if head is None:  # a package begins somewhere in the chain: what came before is not in it
                    head = ChainHead(manifest.number - 1, manifest.previous)
                try:
                    head = check_link(head, manifest, jws_sha256(jws))
                except AlreadyKnown:
                    continue  # a second copy of the same entry
                self._check_entry(entry, jws, manifest, coverage)
            if self._progress:
                self._progress(self._report.entries, len(self._evidence.entries), place)
        self._report.redated += redated(self._dated)
        self._report.undated += sum(not one.known for one in self._dated)
        self._check_absent(coverage)
        measure(self._held, coverage.gaps, self._report)
        self._held.clear()
        self._check_holes(coverage)

    def _open(self, jws: str) -> AnyManifest:
        kid = peek_kid(jws)
        key = self._keys.get(kid)
        if key is None:
            raise Unsound(
                "unknown-key",
                "",
                f"签名的密钥（{kid[:8]}…）不在给出的设备公钥之中。",
                f"It was signed by a key ({kid[:8]}…) that is not among the device keys given.",
            )
        manifest = open_entry(jws, key)
        if self._signer_of.setdefault(manifest.device, kid) != kid:
            raise Unsound("second-key", "", "同一设备的条目由两把密钥签名。", "Two keys have signed for one device.")
        return manifest

    def _check_entry(self, entry: EntryFile, jws: str, manifest: AnyManifest, coverage: Coverage) -> None:
        self._report.entries += 1
        dated = self._dating.date(manifest)
        if isinstance(manifest, SegmentManifest):
            self._check_segment(entry, jws, manifest, coverage, dated)
            return
        self._check.check_receipt(entry, jws, None)
        if isinstance(manifest, GapManifest):
            self._report.gaps += 1
            coverage.add_gap(self._at_best(manifest, dated))
        else:
            self._report.notes += 1

    def _at_best(self, manifest: Timed, dated: DatedEntry) -> Timed:
        """The same with its best-known times: what lies between two entries is looked for by these."""
        self._dated.append(dated)
        if not dated.corrected:
            return manifest
        start = manifest.start.model_copy(update={"wall_ns": dated.start.wall_ns})
        end = manifest.end.model_copy(update={"wall_ns": dated.end.wall_ns})
        return manifest.model_copy(update={"start": start, "end": end})

    def _check_segment(
        self, entry: EntryFile, jws: str, manifest: SegmentManifest, coverage: Coverage, dated: DatedEntry
    ) -> None:
        self._report.segments += 1
        self._report.recovered += manifest.recovered
        at_best = self._at_best(manifest, dated)
        fault = coverage.add_segment(at_best)
        if fault is not None:
            raise Unsound(
                fault,
                "",
                f"连续录制内片段顺序有误（第 {manifest.sequence} 段），且没有中断记录。",
                f"Segment {manifest.sequence} is out of order in its run, and no gap says why.",
            )
        here = Whereabouts(self._evidence.name(entry.path), jws_sha256(jws), manifest, at_best)
        (self._held if self._check.check(entry, jws, manifest) else self._absent).append(here)

    def _check_absent(self, coverage: Coverage) -> None:
        """Segments without bytes of their own. What the second copy stands for holds the same fragments: in a package
        it may claim them only after the copy did."""
        for one in sorted(self._absent, key=lambda one: (one.sha256 in coverage.replaced, *one.in_run)):
            if self._evidence.kind == "package" and self._check.claim(one.manifest):
                self._held.append(one)
            elif one.sha256 in coverage.replaced:
                self._report.replaced += 1  # its own file was lost; the second copy's stands for it and was checked
            elif coverage.is_expired(one.manifest):
                self._report.expired += 1
            elif self._evidence.kind == "spool":
                with at_place(one.place):
                    raise bytes_missing()
            else:
                self._report.not_here += 1
                self._report.left_out.append(one.place)
        self._absent.clear()

    def _check_holes(self, coverage: Coverage) -> None:
        for start, end in coverage.holes():
            span, seconds = f"{utc_text(start)} – {utc_text(end)}", (end - start) / 1e9
            raise Unsound(
                "unexplained-break",
                "",
                f"{span}（{seconds:.1f} 秒）既无录像也无中断记录。",
                f"From {span} ({seconds:.1f} s) there is neither footage nor an entry that says why.",
            )

    def _check_unclaimed(self) -> None:
        for path, number in self._check.footage.unclaimed():
            with at_place(self._evidence.name(path)):
                raise Unsound(
                    "unsigned-footage",
                    "",
                    f"第 {number} 个分段起的内容与签名条目不符。",
                    f"From fragment {number} on it holds something else than the entries have signed.",
                )

    def _check_listed(self) -> None:
        """What no chain can show: entries at its end, receipts, and corrections from after the stretch."""
        for name in self._evidence.listed_entries():
            if not (self._evidence.root / name).is_file():
                raise Unsound(
                    "entry-missing",
                    name,
                    f"{name}：本包的 SHA256SUMS 列有这个文件，但它不在这里。",
                    f"{name}: the package's SHA256SUMS names this file, and it is not here.",
                )

    def _check_tags(self) -> None:
        for path in self._evidence.tag_files():
            if hashlib.sha256(path.read_bytes()).hexdigest() != path.stem:
                name = self._evidence.name(path)
                raise Unsound(
                    "tag-differs",
                    name,
                    f"{name}：内容与名称中的哈希不符。",
                    f"{name}: its content is not what its name says.",
                )
            self._report.tags_checked += 1


def utc_text(wall_ns: int) -> str:
    return datetime.fromtimestamp(wall_ns // 1_000_000_000, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
