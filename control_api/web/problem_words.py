"""What a room's codes mean in a few words: problems as alarms, as marks on a timeline, as a fault in a session. Data.

The room's own sentences say what to do there; these are for who looks at it later, from elsewhere.
"""

from __future__ import annotations

from control_api.link.lasting import PREFIX
from pages.translation import mark as _

PROBLEMS: dict[str, str] = {
    "picture-black": _("画面全黑"),
    "picture-too-dark": _("画面过暗"),
    "picture-too-bright": _("画面过亮"),
    "picture-covered": _("镜头被遮挡"),
    "picture-frozen": _("画面静止不动"),
    "sound-silent": _("麦克风没有声音"),
    "sound-clipped": _("声音过大失真"),
    "sound-stuck": _("声音卡住不变"),
    "frames-lost": _("画面丢帧过多"),
    "encoder-behind": _("编码跟不上"),
    "disk-full": _("磁盘已满，录制暂停"),
    "disk-low": _("磁盘空间将用尽"),
    "disk-slow": _("磁盘写入过慢"),
    "disk-trouble": _("磁盘出错"),
    "footage-late": _("录像没有及时写入磁盘"),
    "entries-refused": _("部分录像记录被中心拒收"),
    "chain-damaged": _("启动时发现签名链文件被改动"),
    "segment-missing": _("尚未归档的录像文件缺失或被改动"),
    "segment-set-aside": _("异常中断的片段无法确认，已另存"),
    "configuration-unusable": _("本机保存的配置无法使用"),
    "spool-failed": _("本机录像盘出错"),
    "mirror-lost": _("第二份录像盘不可用"),
    "mirror-behind": _("第二份录像落后"),
    "attendant-failed": _("本机一项监测出错"),
    "standby-blind": _("待命中没有画面和声音"),
    "clock-unsynchronised": _("时钟未校准"),
    "footage-undecodable": _("录像无法解码"),
    "footage-unproved": _("录像未能核对能否播放"),
    "media-clock-backwards": _("音视频源的时钟倒退"),
    "source-unwatched": _("有音视频源没有被监测"),
    "recorder-silent": _("录制程序没有应答"),
    "source-lost": _("摄像头或麦克风丢失"),
    "camera-lost": _("摄像头无画面"),
    "camera-busy": _("摄像头被别的程序占用"),
    "camera-connection-lost": _("摄像头连接断开"),
    "camera-forbidden": _("没有打开摄像头的权限"),
    "camera-login-refused": _("摄像头拒绝登录"),
    "camera-missing": _("没有找到摄像头"),
    "camera-path-unknown": _("摄像头地址不对"),
    "camera-picture-too-large": _("摄像头画面尺寸过大"),
    "camera-silent": _("摄像头没有送来画面"),
    "camera-unplugged": _("摄像头被拔下"),
    "camera-unreachable": _("连不上摄像头"),
    "camera-unusable": _("摄像头不能用"),
    "microphone-lost": _("麦克风断开"),
    "microphone-busy": _("麦克风被别的程序占用"),
    "microphone-missing": _("没有找到麦克风"),
    "microphone-silent": _("麦克风没有送来声音"),
    "microphone-unplugged": _("麦克风被拔下"),
    "no-sound": _("麦克风没有声音"),
    "no-picture": _("摄像头无画面"),
}
# What an officer may give as the reason for going on or stopping (`decide_fault`).
FAULT_REASONS: dict[str, str] = {
    "visitor-agrees": _("来访人同意继续"),
    "written-record": _("改为书面记录"),
    "moved-room": _("换到其他接谈室"),
    "visitor-stops": _("来访人要求停止"),
    "repair-first": _("先修复再接访"),
    "other": _("其他"),
}


def problem_word(code: str) -> str:
    """The Chinese words for a problem; an unknown code is shown as it is, so that nothing is hidden."""
    return PROBLEMS.get(code, code)


def alarm_word(code: str) -> str:
    """For an alarm that a lasting problem became."""
    return problem_word(code.removeprefix(PREFIX))
