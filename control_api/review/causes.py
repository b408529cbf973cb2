"""Words for people: why footage is missing. Data; the English stands with the pages' other texts."""

from __future__ import annotations

from pages.translation import mark as _

CAUSES: dict[str, str] = {
    "not-running": _("录制未运行（正常停止或关机）"),
    "crashed": _("录制异常中断（断电或程序故障），已自动恢复"),
    "camera-lost": _("摄像头无画面，声音仍在录制"),
    "microphone-lost": _("麦克风无声音，画面仍在录制"),
    "microphone-absent": _("未接麦克风，只录画面"),
    "writer-overflow": _("磁盘写入过慢，部分内容未能保存"),
    "disk-full": _("磁盘已满，未能保存"),
    "encoder-failed": _("编码器故障"),
    "format-changed": _("音视频源格式改变，重新开始录制"),
    "segment-damaged": _("片段已损坏，已单独保存待查"),
    "expired-unarchived": _("超过保存期限，归档前已清理"),
    "outside-hours": _("不在开放时间，按配置不保存"),
    "nobody-present": _("无人，按配置不保存"),
    "not-archived": _("尚未归档：仍在接谈室或正在上传"),
    "damaged": _("片段与签名不符，已拒绝播放并报警"),
    "unexplained": _("没有记录，也没有中断说明"),
}


# Where only one of two cameras or microphones is missing, the other goes on.
SOURCE_CAUSES: dict[str, str] = {
    "camera": _("主画面的摄像头无画面，另一个摄像头和声音仍在录制"),
    "second-camera": _("第二摄像头无画面，主画面和声音仍在录制"),
    "microphone": _("接谈员一侧的麦克风无声音，另一支仍在录制"),
    "second-microphone": _("来访人一侧的麦克风无声音，另一支仍在录制"),
}


def cause_in_words(cause: str, source: str | None = None) -> str:
    """The Chinese sentence for a cause; an unknown code is shown as it is. `source`: its part alone."""
    if source in SOURCE_CAUSES:
        return SOURCE_CAUSES[source]
    return CAUSES.get(cause, cause)
