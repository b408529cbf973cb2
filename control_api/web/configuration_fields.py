"""The fields of the room configuration form, as data: which there are, what they are called, when they show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from config.health import HealthSettings
from config.opening_hours import WEEKDAYS
from control_api.web.words import MODES, WEEKDAY_WORDS
from pages.translation import mark as _


@dataclass(frozen=True, slots=True)
class FormField:
    """`name` is the key's dotted path. `of`/`only`: shown while the field `of` has one of the values in `only`.

    `type`: text, number, password, lines (one thing a line), spans (hours of one day). `slim`: takes little width.
    """

    name: str
    label: str
    help: str = ""
    type: str = "text"
    choices: Sequence[tuple[str, str]] = ()
    of: str = ""
    only: Sequence[str] = ()
    placeholder: str = ""


@dataclass(frozen=True, slots=True)
class FieldGroup:
    """`part`: which card it stands in. `folded`: shown only when asked for. `shape`: fields, week (a table) or layout
    (with a sketch)."""

    part: str
    title: str
    help: str
    fields: Sequence[FormField]
    folded: bool = False
    shape: str = "fields"
    of: str = ""
    only: Sequence[str] = ()


SAME = "camera"  # microphone: whatever the camera is
NONE = "none"

PARTS = {
    "sources": _("音视频源"),
    "picture": _("画面"),
    "recording": _("自动录制"),
    "health": _("健康阈值"),
    "line": _("线路"),
    "storage": _("存储"),
}
CAMERAS = (
    ("synthetic", _("演示画面（无需摄像头）")),
    ("rtsp", _("网络摄像头（RTSP）")),
    ("v4l2", _("USB 摄像头（V4L2）")),
    ("file", _("媒体文件（循环播放）")),
)
SECOND_CAMERAS = ((NONE, _("没有")), *CAMERAS)
MICROPHONES = (
    ("synthetic", _("演示声音（无需麦克风）")),
    ("microphone", _("麦克风")),
    (SAME, _("与摄像头同一来源")),
    ("rtsp", _("网络音频（RTSP）")),
    ("file", _("媒体文件（循环播放）")),
    (NONE, _("没有麦克风，只录画面")),
)
SECOND_MICROPHONES = ((NONE, _("没有")), *(pair for pair in MICROPHONES if pair[0] not in (SAME, NONE)))
SENSORS = ((NONE, _("没有")), ("json", _("JSON 文件")), ("hwmon", _("系统传感器（hwmon）")))
YES_NO = (("false", _("否")), ("true", _("是")))
REAL = ("synthetic", "rtsp", "v4l2", "file")


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


def _camera(part: str) -> tuple[FormField, ...]:
    kind = f"{part}.kind"
    return (
        *_source(part),
        FormField(f"{part}.device", _("设备"), _("如 /dev/v4l/by-id/…，比 /dev/video0 稳定"), of=kind, only=("v4l2",)),
        FormField(
            f"{part}.input_format",
            _("输入格式"),
            choices=(("mjpeg", "MJPEG"), ("raw", _("原始"))),
            of=kind,
            only=("v4l2",),
        ),
    )


def _microphone(part: str) -> tuple[FormField, ...]:
    kind = f"{part}.kind"
    return (
        *_source(part),
        FormField(f"{part}.device", _("声卡"), _("声卡名称；留空用系统默认"), of=kind, only=("microphone",)),
        FormField(
            f"{part}.channels",
            _("声道"),
            _("一块声卡接两支话筒时选 2；另设第二麦克风时选 1"),
            choices=(("1", "1"), ("2", "2")),
            of=kind,
            only=("microphone",),
        ),
        FormField(
            f"{part}.latency_ms", _("缓冲（毫秒）"), _("50 至 2000，一般 200"), "number", of=kind, only=("microphone",)
        ),
    )


def _box(part: str) -> tuple[FormField, ...]:
    return (
        FormField(f"{part}.x", _("左边距 %"), type="number"),
        FormField(f"{part}.y", _("上边距 %"), type="number"),
        FormField(f"{part}.width", _("宽 %"), type="number"),
        FormField(f"{part}.height", _("高 %"), type="number"),
    )


SECOND = "second_camera.camera.kind"
HEALTH_LABELS = {
    "black_luma": (_("全黑：平均亮度低于"), _("亮度 16（黑）至 235（白）")),
    "dark_luma": (_("过暗：平均亮度低于"), _("亮度 16（黑）至 235（白）")),
    "bright_luma": (_("过亮：平均亮度高于"), _("亮度 16（黑）至 235（白）")),
    "exposure_share": (_("曝光：过白或过黑的画面占比"), _("0.1 至 1")),
    "covered_detail": (_("遮挡：细节低于"), _("相邻点的平均差，数值越大越敏感")),
    "covered_share": (_("遮挡：与平时细节之比低于"), _("0.05 至 0.9，数值越大越敏感")),
    "frozen_change": (_("静止：画面变化低于"), _("连噪点都不变才算静止")),
    "silent_dbfs": (_("无声：低于（dBFS）"), _("如 -75；安静的房间可再低些")),
    "clipped_share": (_("失真：满刻度采样占比"), _("0.01 即百分之一")),
    "lost_share": (_("丢帧：十秒内丢失占比"), _("0.02 即百分之二")),
}

GROUPS = (
    FieldGroup(
        "sources",
        _("摄像头"),
        "",
        (
            FormField("camera.kind", _("来源"), choices=CAMERAS),
            *_camera("camera"),
            FormField(
                "camera.copy_video",
                _("直接保存摄像头码流"),
                _("省电脑性能；画面上不叠加时间和房间名，按摄像头自己的关键帧切段，不能再加第二摄像头"),
                choices=YES_NO,
                of="camera.kind",
                only=("rtsp",),
            ),
        ),
    ),
    FieldGroup(
        "sources",
        _("麦克风"),
        "",
        (FormField("microphone.kind", _("来源"), choices=MICROPHONES), *_microphone("microphone")),
    ),
    FieldGroup(
        "sources",
        _("第二摄像头"),
        _("画在主画面之上；位置见“画面”"),
        (FormField(SECOND, _("来源"), choices=SECOND_CAMERAS), *_camera("second_camera.camera")),
    ),
    FieldGroup(
        "sources",
        _("第二麦克风"),
        _("来访人一侧，单独一个声道"),
        (
            FormField("second_microphone.microphone.kind", _("来源"), choices=SECOND_MICROPHONES),
            *_microphone("second_microphone.microphone"),
        ),
    ),
    FieldGroup(
        "sources",
        _("温湿度"),
        _("写在画面上"),
        (
            FormField("sensor.kind", _("来源"), choices=SENSORS),
            FormField(
                "sensor.path",
                _("路径"),
                _("JSON 文件的路径，或 /sys/class/hwmon/ 下的文件夹"),
                of="sensor.kind",
                only=("json", "hwmon"),
            ),
        ),
    ),
    FieldGroup(
        "picture",
        _("画面与声音质量"),
        _("1280×720、25 帧、2000 kbit/s 时每小时约 0.9 GB"),
        (
            FormField("picture.width", _("宽（像素）"), _("320 至 3840，偶数"), "number"),
            FormField("picture.height", _("高（像素）"), _("180 至 2160，偶数"), "number"),
            FormField("picture.rate", _("每秒帧数"), _("5 至 30"), "number"),
            FormField("picture.bitrate_kbps", _("画面码率（kbit/s）"), _("200 至 20000"), "number"),
            FormField("sound.bitrate_kbps", _("声音码率（kbit/s）"), _("32 至 256"), "number"),
        ),
    ),
    FieldGroup(
        "picture",
        _("两个画面的位置"),
        _("按画面宽高的百分比；录制中也可以改"),
        (),
        shape="layout",
        of=SECOND,
        only=REAL,
    ),
    FieldGroup(
        "picture",
        _("编码"),
        "",
        (
            FormField(
                "picture.encoder",
                _("编码器"),
                _("自动：先试电脑的硬件编码，能用才用"),
                choices=(("auto", _("自动")), ("libx264", _("只用 libx264（软件）"))),
            ),
            FormField(
                "picture.preset",
                _("软件编码档位"),
                _("电脑较慢时选靠前的"),
                choices=tuple((name, name) for name in ("ultrafast", "superfast", "veryfast", "faster")),
            ),
        ),
        folded=True,
    ),
    FieldGroup(
        "recording",
        _("什么时候录"),
        _("接访一开始总会录制，与方式无关"),
        (FormField("recording.mode", _("录制方式"), choices=tuple(MODES.items())),),
    ),
    FieldGroup(
        "recording",
        _("每周开放时间"),
        _("写成 09:00-12:00 14:00-17:30，几段用空格隔开，留空为不开放。按开放时间录制和漏登提示都用它；节假日见县历。"),
        tuple(
            FormField(f"recording.hours.weekly.{day}", WEEKDAY_WORDS[day], type="spans", placeholder=_("不开放"))
            for day in WEEKDAYS
        ),
        shape="week",
    ),
    FieldGroup(
        "recording",
        _("这间房自己的特殊日期"),
        _("比县历优先"),
        (
            FormField(
                "recording.hours.days",
                _("每行一天"),
                _("写成“2026-10-01 休”或“2026-10-10 按周一”"),
                "lines",
            ),
        ),
        folded=True,
    ),
    FieldGroup(
        "recording",
        _("有人时录制的细节"),
        "",
        (
            FormField("recording.presence.pre_roll_s", _("提前保留（秒）"), _("30 至 120"), "number"),
            FormField("recording.presence.post_roll_s", _("最后有人之后再录（秒）"), _("30 至 900"), "number"),
            FormField(
                "recording.presence.movement_share", _("走动：画面变化占比"), _("0.0005 至 0.2，越小越敏感"), "number"
            ),
            FormField(
                "recording.presence.voice_level_dbfs",
                _("说话：音量高于（dBFS）"),
                _("-90 至 -20，越小越敏感"),
                "number",
            ),
            FormField(
                "recording.missed_session_s",
                _("漏登提示（秒）"),
                _("开放时间内有人这么久而没有接访，报中心一次；60 至 3600"),
                "number",
            ),
        ),
        folded=True,
    ),
    FieldGroup(
        "health",
        _("何时算异常"),
        _(
            "一般不用改；每项十秒内报出，恢复后自动消失。填了开放时间的房间，时间以外又没有接访时，黑屏、无声等不报（关灯无人属正常），设备断开照报"
        ),
        tuple(
            FormField(f"health.{key}", *HEALTH_LABELS.get(key, (key, key)), type="number")
            for key in HealthSettings.model_fields
        ),
        folded=True,
    ),
    FieldGroup(
        "line",
        _("上传"),
        _("不设限时上传用满线路，有人看实时画面时自动让路"),
        (
            FormField("line.capacity_kbps", _("线路带宽（kbit/s）"), _("留空按实测"), "number"),
            FormField("line.live_share_pct", _("看实时画面时上传占比（%）"), _("5 至 80"), "number"),
            FormField(
                "line.limits",
                _("分时段限速"),
                _("每行一条“时段 kbit/s”，如 08:00-12:00 14:00-18:00 2000"),
                "lines",
                placeholder="08:00-18:00 2000",
            ),
        ),
    ),
    FieldGroup(
        "storage",
        _("本机保存"),
        _("归档并收到回执之后，房间电脑再留多久"),
        (
            FormField("spool.keep_receipted_hours", _("归档后保留（小时）"), _("0 至 2160"), "number"),
            FormField(
                "spool.keep_unarchived_days",
                _("未归档的至少保留（天）"),
                _("只在磁盘写满时：从未属于接访的录像超过此期限才可清理；7 至 365"),
                "number",
            ),
            FormField("spool.reserve_mb", _("磁盘留空（MB）"), _("至少 50"), "number"),
            FormField("spool.segment_s", _("片段长度（秒）"), _("4 至 30，一般 10"), "number"),
        ),
    ),
)
# Drawn beside the sketch of the picture, in two rows.
BOXES = (
    ("second_camera.main_box", _("主摄像头"), _box("second_camera.main_box")),
    ("second_camera.box", _("第二摄像头"), _box("second_camera.box")),
)
