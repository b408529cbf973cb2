"""The texts that go with an exported package: how to verify it, and what had to be left out of it. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

from storage.dating import DatedEntry, Redated
from storage.manifest import AudioTrack, SegmentManifest

VERIFY_TEXT = """\
如何核验本录像包 / How to verify this package
================================================

一、内容
  footage/NNN.mp4            录像，可直接播放；每个文件是一段不间断的录制
  footage/NNN.fragments.txt  录像中每个分段的位置、长度和 SHA-256，及对应的签名条目号
  entries/*.jws              录制设备对每个片段、每次中断的签名记录（RFC 7515，Ed25519），逐条相接
  entries/*.receipt.jws      县接待中心的归档回执
  keys/*.json, keys/*.pem    设备和中心的公钥
  RECORD.txt                 录像说明：每个文件的起止时刻、中断及原因、房间记录，由县接待中心按签名条目写成
  DAMAGED.txt                仅在有片段损坏或缺失、未能放入时才有：缺哪一段、为什么
  TIMES.txt, corrections/    仅在有条目写入时设备时钟有误才有：签名所载时刻与校正后的时刻，及签名的校正记录
  SHA256SUMS                 本包各文件的 SHA-256

二、使用 shilu-verify
  解压后运行：  shilu-verify 解压目录 --key 设备公钥 --centre-key 中心公钥
  公钥请从县接待中心另行取得（例如当面或书面），不要只依据本包 keys 目录：能改录像的人也能换掉包里的公钥。
  不带公钥运行时使用包内公钥，此时请把显示的指纹与另行取得的指纹逐字核对。

三、不使用本软件
  1. sha256sum -c SHA256SUMS 应全部为 OK（只说明传输无误）。
  2. 验证签名（以 openssl 3 为例）。一个 .jws 文件由“头.内容.签名”三部分组成：
       f=entries/某条目.jws
       cut -d. -f1,2 $f | tr -d '\\n' > signed.txt
       printf '%s===' "$(cut -d. -f3 $f)" | tr '_-' '/+' | base64 -d 2>/dev/null > signature.bin
       openssl pkeyutl -verify -pubin -inkey keys/设备.pem -rawin -in signed.txt -sigfile signature.bin
     显示 Signature Verified Successfully 即为有效。
  3. 查看条目内容：   printf '%s===' "$(cut -d. -f2 $f)" | tr '_-' '/+' | base64 -d 2>/dev/null
     其中 previous 应等于前一条 .jws 文件的 SHA-256（sha256sum 前一条.jws）。
  4. 核对录像：fragments.txt 每行为“位置 长度 SHA-256 条目号”，例如
       tail -c +$((位置+1)) footage/001.mp4 | head -c 长度 | sha256sum
     结果应与该行一致，也应与该条目内容 opened.fragments 中的 sha256 一致。
  5. 归档原件（.mp4.age）用 age 打开：  age -d -i 归档私钥 原件 | sha256sum
     结果应等于条目内容中的 opened.sha256；原件本身的 SHA-256 应等于 sealed.sha256 和回执中的 sealed_sha256。

四、条目种类
  segment 片段；gap 中断（cause 为原因）；note 事项（如开场、结束、补录编号）。时间为 UTC 纳秒。
  segment 中有 replaces 的来自房间的第二份录像，代替其列出的条目（该条 .jws 文件的 SHA-256）。
  声音有两个声道且 tracks 中有 microphones 时，左声道为接谈员（microphone），右声道为来访人（second-microphone）。


I. What is in it
  footage/NNN.mp4            footage that plays as it is; each file is one stretch without a break
  footage/NNN.fragments.txt  place, length and SHA-256 of every fragment in it, and the signed entry it belongs to
  entries/*.jws              what the recording device signed about every segment and every gap (RFC 7515, Ed25519),
                             each entry naming the one before it
  entries/*.receipt.jws      the county centre's receipts
  keys/*.json, keys/*.pem    public keys of device and centre
  RECORD.txt                 the footage in words: from when to when each file goes, what is missing and why, what the
                             room noted; written by the county centre from the signed entries
  DAMAGED.txt                only where segments were damaged or missing and left out: which stretch, and why
  TIMES.txt, corrections/    only where entries were made while the device's clock was wrong: their times as signed
                             and as corrected, and the signed notes that correct them
  SHA256SUMS                 SHA-256 of every file here

II. With shilu-verify
  After unpacking:  shilu-verify DIRECTORY --key DEVICE_KEY --centre-key CENTRE_KEY
  Get the keys from the county centre by another way (in person, on paper), not only from the folder keys: whoever
  can change footage can change the keys beside it. Without keys on the command line those in the package are used;
  then compare the fingerprints that are shown with ones that you got elsewhere.

III. Without our software
  1. sha256sum -c SHA256SUMS  says OK for each file (which only shows that nothing was hurt on the way).
  2. Signatures, with openssl 3. A .jws file has three parts, header.content.signature:
       f=entries/SOME-ENTRY.jws
       cut -d. -f1,2 $f | tr -d '\\n' > signed.txt
       printf '%s===' "$(cut -d. -f3 $f)" | tr '_-' '/+' | base64 -d 2>/dev/null > signature.bin
       openssl pkeyutl -verify -pubin -inkey keys/DEVICE.pem -rawin -in signed.txt -sigfile signature.bin
     It must say: Signature Verified Successfully.
  3. What an entry says:   printf '%s===' "$(cut -d. -f2 $f)" | tr '_-' '/+' | base64 -d 2>/dev/null
     Its "previous" must be the SHA-256 of the .jws file before it (sha256sum PREVIOUS.jws).
  4. Footage: a line of fragments.txt is "offset length SHA-256 entry", for instance
       tail -c +$((OFFSET+1)) footage/001.mp4 | head -c LENGTH | sha256sum
     must give that line's hash, which must also stand in that entry's opened.fragments.
  5. An archived original (.mp4.age) opens with age:   age -d -i ARCHIVE_IDENTITY ORIGINAL | sha256sum
     gives the entry's opened.sha256; the original's own SHA-256 is sealed.sha256 and the receipt's sealed_sha256.

IV. Kinds of entries
  segment: footage; gap: footage is missing, with its cause; note: something that happened, such as a session opened.
  Times are UTC in nanoseconds. A segment with "replaces" is of the room's second copy and stands for the entries that
  it lists (SHA-256 of their .jws files). Where sound has two channels and tracks name microphones, the left one is the
  officer's (microphone), the right one the visitor's (second-microphone).
"""

_DAMAGED_HEAD = """\
未能放入本包的片段 / Segments left out of this package
======================================================

以下片段在制作本包时已损坏或缺失，录像没有放入；其签名条目和回执仍在 entries 目录，其余录像完整，可照常核验。
县接待中心已报警。录像在缺失处断开，此后接着写在下一个 footage 文件中；断开前那个文件的索引先于录像写成，
播放器显示的时长可能长于实际。shilu-verify 会把这些片段计为“内容不在此处，未核对”。

These segments were damaged or missing when this package was made, and their footage is not in it; their signed
entries and receipts are in the folder entries, and all other footage is whole and verifies. The county centre was
alarmed. Footage breaks off there and goes on in the next file of the folder footage; the index of the file before was
written ahead of its footage, so that a player may show it longer than it is. shilu-verify counts these segments as
"not here and not checked".
"""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A segment that is not in the package, and why in Chinese and in English."""

    manifest: SegmentManifest
    reason: str
    reason_en: str


def damaged_text(left_out: Sequence[LeftOut], zone: tzinfo = UTC) -> str:
    """What was left out, one after the other, with the wall time in `zone`."""
    return _DAMAGED_HEAD + "".join(_of_one(place, one, zone) for place, one in enumerate(left_out, start=1))


@dataclass(frozen=True, slots=True)
class JoinedFile:
    """A file of the folder footage and the segments in it."""

    name: str
    segments: Sequence[SegmentManifest]


_RECORD_HEAD = """\
录像说明 / About this footage
=============================

由县接待中心按签名条目写成，便于阅读；以签名条目为准。时刻均为校正后的当地时间。
Written by the county centre from the signed entries, to be read; the entries decide. All times are local, as corrected.

一、录像文件 / Files
"""


def record_text(
    account: str,
    files: Sequence[JoinedFile],
    dated: Mapping[str, Mapping[int, DatedEntry]],
    zone: tzinfo = UTC,
) -> str:
    """What each file holds, by the best-known times, and then `account`."""
    return _RECORD_HEAD + "".join(_of_file(one, dated, zone) for one in files) + account


def _of_file(file: JoinedFile, dated: Mapping[str, Mapping[int, DatedEntry]], zone: tzinfo) -> str:
    first, last = (dated[one.device][one.number] for one in (file.segments[0], file.segments[-1]))
    span = f"{_moment(first.start.wall_ns, zone)}  –  {_moment(last.end.wall_ns, zone)}"
    lines = [f"  {file.name}  {span}"]
    if any(one.replaces is not None for one in file.segments):
        lines.append("    来自房间的第二份录像，代替缺失、损坏或不全的片段 / of the room's second copy")
    if any(one.recovered and one.replaces is None for one in file.segments):
        lines.append(
            "    末尾因断电或程序故障中断，已恢复到最后一个完整分段 / ends in a power cut or fault; recovered whole"
        )
    if any(isinstance(track, AudioTrack) and track.microphones for one in file.segments for track in one.tracks):
        lines.append("    左声道：接谈员；右声道：来访人 / left channel: officer; right channel: visitor")
    return "\n".join(lines) + "\n"


_TIMES_HEAD = """\
校正过的时刻 / Corrected times
==============================

以下条目写入时设备时钟有误。条目本身不改写；按设备单调时钟和签名的校正记录（entries、corrections 目录中
note 为 clock-corrected 的条目）得出的真实时刻如下。画面上的时间为当时设备所显示。

The device's clock was wrong when these entries were made. They stay as they were signed; these are the true times by
the device's monotonic clock and its signed corrections (notes clock-corrected in the folders entries and corrections).
The time on the picture is what the device showed then.
"""


def times_text(redated: Mapping[str, Sequence[Redated]], zone: tzinfo = UTC) -> str:
    """By device: what was signed, and when it really was in `zone`."""
    lines = [
        f"""
设备 / device {device}
条目 / entries {one.first_number:010d} – {one.last_number:010d}
签名所载 / signed   {_moment(one.signed_start_wall_ns, zone)} –
校正后 / corrected  {_moment(one.start_wall_ns, zone)}  –  {_moment(one.end_wall_ns, zone)}
"""
        for device, found in redated.items()
        for one in found
    ]
    return _TIMES_HEAD + "".join(lines)


def _of_one(place: int, one: LeftOut, zone: tzinfo) -> str:
    manifest = one.manifest
    start, end = manifest.start.wall_ns, manifest.end.wall_ns
    return f"""
{place}. {_moment(start, zone)}  –  {_moment(end, zone)}
   条目 / entry   entries/{manifest.device}-{manifest.number:010d}.jws
   录制 / run     {manifest.run}  第 {manifest.sequence} 段 / segment {manifest.sequence}
   UTC (ns)       {start} – {end}
   原因           {one.reason}
   why            {one.reason_en}
"""


def _moment(wall_ns: int, zone: tzinfo) -> str:
    second = datetime.fromtimestamp(wall_ns // 1_000_000_000, UTC).astimezone(zone)
    return f"{second:%Y-%m-%d %H:%M:%S}.{wall_ns // 1_000_000 % 1000:03d} {second:%z}"
