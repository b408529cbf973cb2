"""`shilu-verify`: the small command that needs neither room nor centre. Prints; decides nothing."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Annotated

import typer

from storage.cause_words import CAUSE_WORDS, TRACK_WORDS
from storage.dating import Redated
from storage.errors import StorageError
from storage.evidence import read_key
from storage.report import Missing, Report
from storage.sealing import IdentityOpener
from storage.signing import PublicKey
from storage.verification import utc_text, verify

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
PROGRESS_EVERY_S = 2.0
MOST_NAMED = 20
Remark = tuple[int | bool, str, str]  # whether it applies, in Chinese, in English


@app.command()
def check(
    path: Annotated[Path, typer.Argument(help="录制目录、归档目录或解压后的录像包 / spool, archive folder or package")],
    key: Annotated[
        list[str] | None, typer.Option(help="设备公钥（文件或文本，可多次） / device key: file or text")
    ] = None,
    centre_key: Annotated[
        list[str] | None, typer.Option(help="中心公钥，用于核对回执 / centre key, for receipts: file or text")
    ] = None,
    identity: Annotated[
        Path | None,
        typer.Option(help="归档私钥文件：打开并播放检查每个片段 / identity file: open and play every segment"),
    ] = None,
    thorough: Annotated[bool, typer.Option(help="解码每一帧 / decode every frame")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="输出一行 JSON / print one JSON line")] = False,
    lang: Annotated[str, typer.Option(help="zh | en")] = "",
) -> None:
    """核验录像是否完整、未被改动。 / Check that recordings are whole and untouched."""
    chinese = _is_chinese(lang)
    try:
        device_keys = [_load_key(text) for text in key or []]
        centre_keys = [_load_key(text) for text in centre_key or []]
        opener = IdentityOpener.load(identity) if identity else None
    except StorageError as error:
        typer.echo(error.message if chinese else error.message_en, err=True)
        raise typer.Exit(2) from error
    progress = None if as_json else _Progress(chinese)
    report = verify(path, device_keys, centre_keys, opener, progress, thorough=thorough)
    if as_json:
        typer.echo(json.dumps(report.as_json(), ensure_ascii=False))
    else:
        for line in _lines(report, chinese, opened=opener is not None):
            typer.echo(line)
    raise typer.Exit(0 if report.ok else 1)


def main() -> None:
    app()


def _is_chinese(lang: str) -> bool:
    chosen = lang or os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG") or "zh"
    return not chosen.lower().startswith("en")


def _load_key(text: str) -> PublicKey:
    """A key record's file, a file with the key's text, or the text itself. Raises BadKey."""
    path = Path(text)
    is_file = len(text) < 4096 and path.is_file()
    content = path.read_text(encoding="utf-8", errors="replace") if is_file else text
    record = read_key(content, path.name)
    return record.key if record is not None else PublicKey.from_text(content)


class _Progress:
    """A line to stderr every two seconds, for long runs."""

    def __init__(self, chinese: bool) -> None:
        self._chinese = chinese
        self._next_s = time.monotonic() + PROGRESS_EVERY_S

    def __call__(self, done: int, total: int, place: str) -> None:
        if time.monotonic() >= self._next_s:
            self._next_s = time.monotonic() + PROGRESS_EVERY_S
            word = "已核验" if self._chinese else "checked"
            print(f"{word} {done}/{total}  {place}", file=sys.stderr, flush=True)


def _lines(report: Report, chinese: bool, *, opened: bool) -> list[str]:
    lines = _notes(report, chinese, opened=opened)
    if report.problem is not None:
        return [*lines, f"不通过：{report.problem.message}" if chinese else f"NOT SOUND: {report.problem.message_en}"]
    minutes = f"{report.recorded_s / 60:.1f}"
    if chinese:
        summary = (
            f"通过：{report.devices} 台设备，{report.entries} 条签名记录（{report.segments} 个片段、"
            f"{report.gaps} 次中断、{report.notes} 个事项），录像 {minutes} 分钟，中断 {report.gap_s:.0f} 秒，"
            f"按配置不保存 {report.calm_s:.0f} 秒。"
        )
    else:
        summary = (
            f"SOUND: {report.devices} device(s), {report.entries} signed entries ({report.segments} segments, "
            f"{report.gaps} gaps, {report.notes} notes), {minutes} minutes of footage, {report.gap_s:.0f} s of gaps, "
            f"{report.calm_s:.0f} s not kept as configured."
        )
    return [*lines, summary]


def _notes(report: Report, chinese: bool, *, opened: bool) -> list[str]:
    """What was and was not checked; only what applies."""
    remarks = [*_of_checked(report, opened=opened), *_of_missing(report)]
    return [zh if chinese else en for applies, zh, en in remarks if applies]


def _of_checked(report: Report, *, opened: bool) -> list[Remark]:
    prints = "; ".join(report.fingerprints)
    return [
        (
            report.keys_from_evidence,
            f"公钥取自被核验的目录本身，请与另行取得的指纹核对：{prints}",
            f"The keys come from what is being verified; compare them with ones got elsewhere: {prints}",
        ),
        (
            report.sealed_checked,
            f"核对加密片段 {report.sealed_checked} 个",
            f"{report.sealed_checked} sealed segments match",
        ),
        (
            report.opened_checked,
            f"打开并播放 {report.opened_checked} 个，核对分段 {report.fragments_checked} 个",
            f"{report.opened_checked} opened and played, {report.fragments_checked} fragments match",
        ),
        (
            report.fragments_checked and not report.opened_checked,
            f"核对录像分段 {report.fragments_checked} 个",
            f"{report.fragments_checked} fragments of footage match",
        ),
        (
            report.sealed_checked and not opened,
            "未给出归档私钥：片段内容未打开",
            "no identity was given: no segment was opened",
        ),
    ]


def _of_redated(one: Redated) -> Remark:
    signed, best = utc_text(one.signed_start_wall_ns), utc_text(one.start_wall_ns)
    return (
        True,
        f"第 {one.first_number}–{one.last_number} 条：签名所载从 {signed} 起，当时本机时钟有误；经签名校正为 {best} 起",
        f"Entries {one.first_number} to {one.last_number}: signed as from {signed}, while the room's clock was wrong;"
        f" as corrected, from {best}",
    )


def _of_gap(one: Missing) -> Remark:
    cause, cause_en = CAUSE_WORDS.get(one.cause, (one.cause, one.cause))
    part, part_en = TRACK_WORDS.get(one.track, (one.track, one.track))
    return (
        True,
        f"{part}：{cause}，{one.count} 次，共 {one.seconds:.0f} 秒",
        f"{part_en}: {cause_en}; {one.count} time(s), {one.seconds:.0f} s in all",
    )


def _of_missing(report: Report) -> list[Remark]:
    names = ", ".join(report.left_out[:MOST_NAMED]) + (" …" if len(report.left_out) > MOST_NAMED else "")
    named, named_en = (f"：{names}", f": {names}") if names else ("", "")
    return [
        (
            report.recovered,
            f"断电或崩溃后恢复的片段 {report.recovered} 个",
            f"{report.recovered} recovered after a crash",
        ),
        (
            report.pruned,
            f"{report.pruned} 个片段已凭回执从本机清除",
            f"{report.pruned} segments were removed here after a receipt",
        ),
        (
            report.expired,
            f"{report.expired} 个片段未归档即过期清除，有签名记录",
            f"{report.expired} segments expired unarchived, as signed",
        ),
        (
            report.replaced,
            f"{report.replaced} 个片段的原件缺失、损坏或不全，由第二份录像中签名的片段代替",
            f"{report.replaced} segments are lost, damaged or shorter; segments of the second copy stand for them",
        ),
        *(_of_gap(one) for one in report.missing),
        (
            report.not_here,
            f"{report.not_here} 个片段的内容不在此处，未核对{named}",
            f"the bytes of {report.not_here} segments are not here and were not checked{named_en}",
        ),
        *(_of_redated(one) for one in report.redated[:MOST_NAMED]),
        (
            report.undated,
            f"{report.undated} 条录像或中断记录写入时本机时钟未校准，此后也未校正：时刻以签名所载为准，可能有误",
            f"{report.undated} stretches of footage or gaps were made while the room's clock was not synchronized, and"
            " nothing dates them better: their times stand as signed and may be wrong",
        ),
        (report.receipts_checked, f"核对回执 {report.receipts_checked} 份", f"{report.receipts_checked} receipts hold"),
        (
            report.receipts_unchecked,
            f"{report.receipts_unchecked} 份回执未核对：没有中心公钥",
            f"{report.receipts_unchecked} receipts were not checked: no centre key",
        ),
    ]
