"""Checks opened footage against what was signed about it: one segment's bytes, or a package's joined files."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from storage.boxes import BoxError, BoxReader
from storage.errors import StorageError
from storage.manifest import SegmentManifest

_PIECE = 1 << 20
_BETWEEN = {"sidx", "free", "mfra"}  # boxes that carry no footage


class FootageDiffers(StorageError):
    """Opened footage is not what the entry says."""


def check_opened(manifest: SegmentManifest, opened: bytes) -> int:
    """Check length, hash, init bytes and every fragment; how many fragments held. Raises FootageDiffers."""
    said = manifest.opened
    whole_differs = said.sha256 is not None and (len(opened) != said.size or _sha256(opened) != said.sha256)
    if whole_differs and len(opened) != said.size:
        raise _differs(
            f"解密后为 {len(opened)} 字节，签名为 {said.size} 字节", f"it opens to {len(opened)} bytes, not {said.size}"
        )
    if _sha256(opened[: said.init_size]) != said.init_sha256:
        raise _differs("文件头的哈希不符", "the hash of its init bytes differs")
    for index, proof in enumerate(said.fragments, start=1):
        if _sha256(opened[proof.offset : proof.offset + proof.size]) != proof.sha256:
            raise _differs(f"第 {index} 个分段的哈希不符", f"the hash of fragment {index} differs")
    if whole_differs:
        raise _differs("解密后的哈希不符", "the hash of its opened bytes differs")
    return len(said.fragments)


def check_shape(manifest: SegmentManifest) -> None:
    """The signed description must not contradict itself. Raises FootageDiffers."""
    at = manifest.opened.init_size
    for proof in manifest.opened.fragments:
        if proof.offset < at:
            raise _differs("签名的分段位置互相重叠", "its fragments overlap as they were signed")
        at = proof.offset + proof.size
    if not manifest.opened.fragments or at > manifest.opened.size:
        raise _differs("签名的分段超出片段", "its fragments do not fit into it as they were signed")


@dataclass
class _JoinedFile:
    path: Path
    init_sha256: str
    fragments: list[str]
    claimed: int = 0


@dataclass
class FootageIndex:
    """A package's joined files as hashes, to be claimed by signed entries in the order in which they were recorded."""

    files: list[_JoinedFile] = field(default_factory=list)

    def read(self, path: Path) -> None:
        """Raises FootageDiffers when `path` is not a joined file."""
        init, fragments, moof = hashlib.sha256(), list[str](), b""
        try:
            for kind, data in _boxes(path):
                if kind == "moof":
                    moof = data
                elif kind == "mdat" and moof:
                    fragments.append(_sha256(moof + data))
                    moof = b""
                elif kind in {"ftyp", "moov"} and not fragments:
                    init.update(data)
                elif kind not in _BETWEEN:
                    raise _differs(f"含有未签名的内容（{kind}）", f"it holds something unsigned ({kind})")
        except BoxError as error:
            raise _differs("不是完整的 MP4 文件", f"it is not a whole MP4 file: {error}") from error
        self.files.append(_JoinedFile(path, init.hexdigest(), fragments))

    def claim(self, manifest: SegmentManifest) -> bool:
        """Whether the segment's fragments come next in one of the files. What nobody claims shows at the end."""
        wanted = [proof.sha256 for proof in manifest.opened.fragments]
        for file in self.files:
            ahead = file.fragments[file.claimed : file.claimed + len(wanted)]
            if ahead == wanted and (file.claimed > 0 or file.init_sha256 == manifest.opened.init_sha256):
                file.claimed += len(wanted)
                return True
        return False

    def unclaimed(self) -> Iterator[tuple[Path, int]]:
        """Files with fragments that no entry signed, and the first such fragment's place."""
        return ((file.path, file.claimed + 1) for file in self.files if file.claimed < len(file.fragments))


def _boxes(path: Path) -> Iterator[tuple[str, bytes]]:
    reader = BoxReader()
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            for box in reader.feed(piece):
                yield box.kind, box.data
    if reader.held:
        raise BoxError(f"{reader.held} bytes at its end are not a whole box")


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _differs(what: str, what_en: str) -> FootageDiffers:
    return FootageDiffers(
        "footage-differs", f"录像与签名不符：{what}。", f"The footage is not what was signed: {what_en}."
    )
