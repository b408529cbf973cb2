"""The fields of the room configuration form, as data: which there are, what they are called, when they show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pages.translation import mark as _


@dataclass(frozen=True, slots=True)
class FormField:
    """`name` is the key's dotted path. `of`/`only`: shown while the field `of` has one of the values in `only`."""

    name: str
    label: str
    help: str = ""
    type: str = "text"
    choices: Sequence[tuple[str, str]] = ()
    of: str = ""
    only: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class FieldGroup:
    title: str
    help: str
    fields: Sequence[FormField]


SAME = "camera"  # microphone: whatever the camera is
NONE = "none"

CAMERAS = (
    ("synthetic", _("演示画面（无需摄像头）")),
    ("rtsp", _("网络摄像头（RTSP）")),
    ("v4l2", _("USB 摄像头（V4L2）")),
    ("file", _("媒体文件（循环播放）")),
)
MICROPHONES = (
    ("synthetic", _("演示声音（无需麦克风）")),
    ("microphone", _("麦克风")),
    (SAME, _("与摄像头同一来源")),
    ("rtsp", _("网络音频（RTSP）")),
    ("file", _("媒体文件（循环播放）")),
    (NONE, _("没有麦克风，只录画面")),
)
YES_NO = (("false", _("否")), ("true", _("是")))


def _source(part: str) -> tuple[FormField, ...]:
    kind = f"{part}.kind"
    return (
        FormField(f"{part}.path", _("文件路径"), _("接谈室电脑上的完整路径"), of=kind, only=("file",)),
        FormField(
            f"{part}.url", _("RTSP 地址"), _("如 rtsp://192.0.2.10/stream1，不含用户名和密码"), of=kind, only=("rtsp",)
        ),
        FormField(f"{part}.username", _("用户名"), of=kind, only=("rtsp",)),
        FormField(f"{part}.password", _("密码"), type="password", of=kind, only=("rtsp",)),
    )


GROUPS = (
    FieldGroup(
        _("画面来源"),
        "",
        (
            FormField("camera.kind", _("摄像头"), choices=CAMERAS),
            *_source("camera"),
            FormField(
                "camera.copy_video",
                _("直接保存摄像头码流"),
                _("省电脑性能；画面上不叠加时间和房间名，按摄像头自己的关键帧切段"),
                choices=YES_NO,
                of="camera.kind",
                only=("rtsp",),
            ),
            FormField(
                "camera.device",
                _("设备"),
                _("如 /dev/v4l/by-id/…，比 /dev/video0 稳定"),
                of="camera.kind",
                only=("v4l2",),
            ),
            FormField(
                "camera.input_format",
                _("输入格式"),
                choices=(("mjpeg", "MJPEG"), ("raw", _("原始"))),
                of="camera.kind",
                only=("v4l2",),
            ),
        ),
    ),
    FieldGroup(
        _("声音来源"),
        "",
        (
            FormField("microphone.kind", _("麦克风"), choices=MICROPHONES),
            *_source("microphone"),
            FormField(
                "microphone.device",
                _("声卡"),
                _("声卡名称；留空用系统默认"),
                of="microphone.kind",
                only=("microphone",),
            ),
            FormField(
                "microphone.channels",
                _("声道"),
                _("两支话筒分左右声道"),
                choices=(("1", "1"), ("2", "2")),
                of="microphone.kind",
                only=("microphone",),
            ),
            FormField(
                "microphone.latency_ms",
                _("缓冲（毫秒）"),
                _("50 至 2000，一般 200"),
                "number",
                of="microphone.kind",
                only=("microphone",),
            ),
        ),
    ),
    FieldGroup(
        _("画面与声音质量"),
        _("1280×720、25 帧、2000 kbit/s 时每小时约 0.9 GB"),
        (
            FormField("picture.width", _("宽（像素）"), _("320 至 3840，偶数"), "number"),
            FormField("picture.height", _("高（像素）"), _("180 至 2160，偶数"), "number"),
            FormField("picture.rate", _("每秒帧数"), _("5 至 30"), "number"),
            FormField("picture.bitrate_kbps", _("画面码率（kbit/s）"), _("200 至 20000"), "number"),
            FormField(
                "picture.preset",
                _("编码档位"),
                _("电脑较慢时选靠前的"),
                choices=(
                    ("ultrafast", "ultrafast"),
                    ("superfast", "superfast"),
                    ("veryfast", "veryfast"),
                    ("faster", "faster"),
                ),
            ),
            FormField("sound.bitrate_kbps", _("声音码率（kbit/s）"), _("32 至 256"), "number"),
        ),
    ),
    FieldGroup(
        _("本机保存"),
        _("归档并收到回执之后，房间电脑再留多久"),
        (
            FormField("spool.segment_s", _("片段长度（秒）"), _("4 至 30，一般 10"), "number"),
            FormField("spool.keep_receipted_hours", _("归档后保留（小时）"), _("0 至 2160"), "number"),
            FormField("spool.reserve_mb", _("磁盘留空（MB）"), _("至少 50"), "number"),
        ),
    ),
)
