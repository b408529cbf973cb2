"""Words for codes that people see: roles, accesses, alarms, states. Data; the English stands in translations/en.po."""

from __future__ import annotations

from pages.translation import mark as _

ROLES = {
    "officer": _("接谈员"),
    "duty-officer": _("值班员"),
    "supervisor": _("督查"),
    "administrator": _("管理员"),
}
ACCESSES = {
    "replay": _("查看录像"),
    "download": _("下载录像"),
    "live": _("查看实时画面"),
}
DEVICE_STATES = {
    "pending": _("待核对指纹"),
    "active": _("使用中"),
    "revoked": _("已吊销"),
    "replaced": _("已更换"),
}
ACCOUNT_ACTS = {
    "created": _("新建账号"),
    "password-reset": _("重设密码"),
    "password-changed": _("本人更改密码"),
    "pin-set": _("重设 PIN"),
    "disabled": _("停用账号"),
    "enabled": _("恢复使用"),
}
UNIT_KINDS = {"county": _("县级"), "township": _("乡镇（街道）"), "department": _("部门")}
ROOM_KINDS = {"interview": _("接谈室"), "registration": _("登记窗口")}
SOURCES = {
    "camera": _("摄像头"),
    "second-camera": _("第二摄像头"),
    "microphone": _("麦克风"),
    "second-microphone": _("第二麦克风"),
}
WEEKDAY_WORDS = {
    "monday": _("周一"),
    "tuesday": _("周二"),
    "wednesday": _("周三"),
    "thursday": _("周四"),
    "friday": _("周五"),
    "saturday": _("周六"),
    "sunday": _("周日"),
}
MODES = {"always": _("持续录制"), "hours": _("按开放时间"), "presence": _("有人时录制")}
VERSION_REASONS = {"renamed": _("房间改名"), "calendar": _("县历改动")}

ALARMS = {
    "entry-refused": _("房间送来的一条记录签名或链条不符，已另存待查；后面的记录照常接收"),
    "chain-hole": _("房间的记录链缺了一段，正在等待补齐"),
    "refused-many": _("房间被拒的记录过多，之后的只留摘要或不再留存；请检查该房间的主机"),
    "session-opened-again": _("房间对同一场次重复签了“开始”，以第一次为准；请核对该房间的主机"),
    "clock-implausible": _("房间主机的时钟明显不对：录像照收，保存期限按中心收到的时间计算；请检查该主机的时间"),
    "correction-implausible": _("房间主机对时间的更正不可能成立，未采用；请检查该主机的时间"),
    "session-let-go": _("房间称已清理一段属于接访场次的录像，中心不予认可，仍在等待；请立即检查该房间的主机"),
    "copy-differs": _("房间要用另一段内容不同的录像替换已签名的录像，中心不予替换，两段都保留；请立即检查该房间的主机"),
    "bytes-differ": _("录像内容与签名清单不符，未给回执，房间保留其文件待查"),
    "entry-not-kept": _("一条记录未能归档，一小时后再试，其余照常；请检查归档存储中该处的内容"),
    "keeping-fault": _("中心归档程序的一项工作出错，稍后自动重试，其余照常；持续出现请联系厂方"),
    "archive-trouble": _("归档存储不可用：录制照常，片段留在各房间，恢复后自动补传；请检查归档服务器"),
    "register-broken": _("查阅登记与归档存储中的签名副本不符：有登记被改动、删除或补造；请立即报告督查"),
    "record-differs": _("归档存储中某条记录的位置已有别的内容，本中心的记录未能写入；请立即检查谁能写入归档服务器"),
    "tag-refused": _("一条信访件编号标签未被接受，请在场次页面核对并补编号"),
    "footage-damaged": _("回放时发现片段与签名清单不符，已拒绝播放"),
    "hold-not-in-archive": _("封存未能写入归档存储，恢复后自动补上；本系统不会删除封存的录像，请检查归档服务器"),
    "sign-in-guessed": _("密码连续输错过多，来源或账号已暂时限制登录；如非本人所为，请查明来源"),
    "password-reset": _("有人重设了可看录像人员的密码，详见查阅登记页的账号变动；请向本人核实"),
    "pins-exposed": _("停用的设备上留有本单位接谈员的 PIN 校验值；请为名单中标“PIN 待更换”的人员重设 PIN"),
    "enrolment-locked": _("登记码多次输错，来源已锁定"),
}


def word(words: dict[str, str], code: str) -> str:
    """The Chinese word for a code; an unknown code is shown as it is, so that nothing is hidden."""
    return words.get(code, code)
