"""What the status says is wrong, in both languages: what happened, what goes on regardless, what to do."""

from __future__ import annotations

PROBLEMS: dict[str, tuple[str, str]] = {
    "disk-full": (
        "磁盘已满，录像暂停，已录内容不会丢失；请检查到中心的线路，或腾出空间，有空间后自动继续。",
        "The disk is full: recording stands still, nothing recorded is lost. Check the line to the centre or free"
        " space; it goes on by itself.",
    ),
    "disk-low": (
        "磁盘空间不足一天，录像照常；请检查到中心的线路。",
        "Less than about a day of disk space is left; recording goes on. Check the line to the centre.",
    ),
    "disk-slow": (
        "磁盘写入过慢，画面在内存中等待，录像暂时照常；请检查磁盘。",
        "The disk is slow and footage waits in memory; recording goes on for now. Check the disk.",
    ),
    "footage-late": (
        "最近几秒没有新录像写入磁盘；程序正在重试，请查看摄像头与麦克风。",
        "No footage reached the disk in the last seconds; the recorder keeps trying. Look at camera and microphone.",
    ),
    "entries-refused": (
        "中心拒绝了部分录像条目，原件仍保留在本机，录像照常；请联系管理员。",
        "The centre refused some entries; their files stay here and recording goes on. Tell the administrator.",
    ),
    "chain-damaged": (
        "启动时发现签名链文件被改动，已单独保存，录像照常；请联系管理员。",
        "Chain files were found altered at start and set aside; recording goes on. Tell the administrator.",
    ),
    "segment-missing": (
        "启动时发现尚未归档的录像文件缺失或被改动，录像照常；请联系管理员。",
        "Footage that was not archived yet is missing or altered; recording goes on. Tell the administrator.",
    ),
    "segment-set-aside": (
        "上次异常中断的片段无法确认，已单独保存，录像照常。",
        "A segment cut off by the last crash could not be proved and was set aside; recording goes on.",
    ),
    "configuration-unusable": (
        "本机保存的配置无法使用，等待中心重新下发后开始录像。",
        "The kept configuration can't be used; recording begins when the centre sends it again.",
    ),
    "spool-failed": (
        "主存储盘无法写入，录像只写入备份盘，没有中断；请尽快检查主存储盘，恢复后自动补齐。",
        "The first disk can't be written: footage goes to the second one alone, without a break. Check the first disk"
        " soon; what it lacks is brought back by itself.",
    ),
    "mirror-lost": (
        "备份盘不可用，录像照常写入主存储；请检查备份盘是否插好、是否已满。",
        "The second disk can't be used; recording goes on with the first copy. Is it plugged in, is it full?",
    ),
    "mirror-behind": (
        "备份盘写入过慢，录像照常写入主存储；请换一块快些的备份盘。",
        "The second disk is slow; recording goes on with the first copy. Use a faster one.",
    ),
    "attendant-failed": (
        "本机的一项监测出错，录像照常，但可能不会提示画面或声音异常；请联系管理员。",
        "One of the recorder's own checks fails: recording goes on, but a bad picture or sound may go unnoticed. Tell"
        " the administrator.",
    ),
    "clock-unsynchronised": (
        "系统时间未校准，录像照常，时间精度会如实记录；请检查校时服务。",
        "The clock is not synchronised; recording goes on and the footage says so. Check the time service.",
    ),
}


def describe(code: str) -> dict[str, str]:
    message, message_en = PROBLEMS[code]
    return {"code": code, "message": message, "message_en": message_en}
