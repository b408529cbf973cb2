"""What the status says is wrong, in both languages: what happened, what goes on regardless, what to do."""

from __future__ import annotations

PROBLEMS: dict[str, tuple[str, str]] = {
    "disk-full": (
        "磁盘已满，录像暂停，已录内容不会丢失；请检查到中心的线路，或腾出空间，有空间后自动继续。",
        "The disk is full: recording stands still, nothing recorded is lost. Check the line to the centre or free"
        " space; it goes on by itself.",
    ),
    "disk-low": (
        "磁盘约够再录 {figure} 小时，录像照常；请检查到中心的线路。",
        "The disk takes about {figure} more hours; recording goes on. Check the line to the centre.",
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
    "frames-lost": (
        "画面有丢帧，录像和录音照常；请检查摄像头连线和网络。",
        "Pictures are being lost; recording goes on. Check the camera's cable and network.",
    ),
    "encoder-behind": (
        "本机来不及编码，画面有丢帧，录音照常；请关闭本机其他程序，若持续请联系管理员调低画面设置。",
        "This PC is too slow to encode every picture; sound is recorded. Close other programs; if it stays, have the"
        " picture's settings lowered.",
    ),
    "footage-undecodable": (
        "刚录的片段无法播放，已保留原件并更换编码器重新开始，录制没有停止；若持续出现请联系管理员。",
        "What was just recorded can't be played: it is kept, and another encoder was begun. Recording goes on. If it"
        " stays, tell the administrator.",
    ),
    "footage-unproved": (
        "录像照常写入，但半分钟来无法验证能否播放；若持续出现请联系管理员。",
        "Footage is written, but for half a minute nobody could prove that it plays. If it stays, tell the"
        " administrator.",
    ),
    "standby-blind": (
        "待命中，但最近几秒没有得到画面和声音，此时接访可能录不上；程序正在重试，请查看摄像头与麦克风。",
        "Standing by, but neither picture nor sound came in the last seconds: a session might not be recorded now. The"
        " recorder keeps trying; look at camera and microphone.",
    ),
    "attendant-failed": (
        "本机的一项监测出错，录像照常，但可能不会提示画面或声音异常；请联系管理员。",
        "One of the recorder's own checks fails: recording goes on, but a bad picture or sound may go unnoticed. Tell"
        " the administrator.",
    ),
    "media-clock-backwards": (
        "音视频源自身的时钟倒退了，录像照常，时间已理顺并记录在案；如反复出现，请更换该设备。",
        "A source's own clock ran backwards: recording goes on, its times were put in order and that is on record. If"
        " it comes back, replace that device.",
    ),
    "clock-unsynchronised": (
        "系统时间未校准，不影响录像，时间精度会如实记录；请检查校时服务。",
        "The clock is not synchronised: recording does not need it, the footage says so. Check the time service.",
    ),
}


# What is wrong with one source. `{source}` is its name.
OF_A_SOURCE: dict[str, tuple[str, str]] = {
    "picture-black": (
        "{source}画面全黑，其余照常录制；请检查镜头盖、灯光和{source}的电源。",
        "The picture of the {source} is black; all else is recorded. Check the lens cap, the light and its power.",
    ),
    "picture-covered": (
        "{source}被遮挡或对焦模糊，录像和录音照常；请移开镜头前的物品，擦净镜头。",
        "The {source} is covered or out of focus; recording goes on. Take away what is before the lens, or clean it.",
    ),
    "picture-too-dark": (
        "{source}画面过暗，看不清人，录像和录音照常；请开灯，检查镜头是否被遮挡。",
        "The picture of the {source} is too dark; recording goes on. Switch on the light, look before the lens.",
    ),
    "picture-too-bright": (
        "{source}画面过亮，看不清人，录像和录音照常；请拉上窗帘，避免强光直射镜头。",
        "The picture of the {source} is too bright; recording goes on. Draw the curtain, keep light off the lens.",
    ),
    "picture-frozen": (
        "{source}画面静止不动，可能已卡住，录音照常；请将{source}断电重启。",
        "The picture of the {source} stands still; sound is recorded. Switch it off and on again.",
    ),
    "sound-silent": (
        "{source}没有声音，画面照常录制；请检查{source}是否静音、插头是否插好。",
        "The {source} is silent; the picture is recorded. Is it muted, is its plug in?",
    ),
    "sound-clipped": (
        "{source}声音过大失真，录像照常；请调低{source}音量，或离远一些。",
        "The {source} is too loud and distorted; recording goes on. Turn it down or move it away.",
    ),
    "sound-stuck": (
        "{source}声音卡住不变，画面照常录制；请重新插拔{source}。",
        "The {source} repeats itself; the picture is recorded. Unplug it and plug it in again.",
    ),
    "source-unwatched": (
        "{source}照常录制，但已半分钟无法检查其内容；若持续出现请联系管理员。",
        "The {source} is recorded, but nobody could look at it for half a minute. If it stays, tell the administrator.",
    ),
}
SOURCES: dict[str, tuple[str, str]] = {
    "camera": ("摄像头", "camera"),
    "second-camera": ("第二摄像头", "second camera"),
    "microphone": ("麦克风", "microphone"),
    "second-microphone": ("第二麦克风", "second microphone"),
}


def describe(code: str, source: str | None = None, figure: int | None = None) -> dict[str, str]:
    """Both sentences. `figure` stands where a sentence has a place for it."""
    if code in OF_A_SOURCE:
        name, name_en = SOURCES[source or "camera"]
        sentence, sentence_en = OF_A_SOURCE[code]
        return {
            "code": code,
            "message": sentence.format(source=name),
            "message_en": sentence_en.format(source=name_en),
        }
    message, message_en = PROBLEMS[code]
    known = figure or 0
    return {"code": code, "message": message.format(figure=known), "message_en": message_en.format(figure=known)}
