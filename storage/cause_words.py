"""Why footage is missing, in Chinese and in English, for who verifies without the centre's pages. Data."""

CAUSE_WORDS: dict[str, tuple[str, str]] = {
    "not-running": ("录制未运行（正常停止或关机）", "recording was not running (stopped in order, or switched off)"),
    "crashed": ("断电或程序故障，已自动恢复", "a power cut or a fault of the program; recovered by itself"),
    "camera-lost": ("摄像头无画面", "the camera gave no picture"),
    "microphone-lost": ("麦克风无声音", "the microphone gave no sound"),
    "microphone-absent": ("未接麦克风", "no microphone was connected"),
    "writer-overflow": ("磁盘写入过慢", "the disk was too slow"),
    "disk-full": ("磁盘已满", "the disk was full"),
    "encoder-failed": ("编码器故障", "the encoder failed"),
    "format-changed": ("音视频源格式改变", "a source changed its format"),
    "segment-damaged": ("片段已损坏，已另存待查", "a segment was damaged and set aside"),
    "expired-unarchived": (
        "超过保存期限、不属于任何场次，归档前已清理",
        "let go before it was archived: past its time and part of no session",
    ),
    "outside-hours": ("不在开放时间，按配置不保存", "outside opening hours, not kept as configured"),
    "nobody-present": ("无人，按配置不保存", "nobody was there, not kept as configured"),
}
TRACK_WORDS: dict[str, tuple[str, str]] = {
    "all": ("没有录像", "No footage"),
    "video": ("缺画面或其中一路", "No picture, or one camera of two"),
    "audio": ("缺声音或其中一路", "No sound, or one microphone of two"),
}
