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
    "preview-shift": _("值班查看画面"),
}
DEVICE_STATES = {
    "pending": _("待核对指纹"),
    "active": _("使用中"),
    "revoked": _("已吊销"),
    "replaced": _("已更换"),
}
UNIT_KINDS = {"county": _("县级"), "township": _("乡镇（街道）"), "department": _("部门")}
ROOM_KINDS = {"interview": _("接谈室"), "registration": _("登记窗口")}

ALARMS = {
    "bad-signature": _("一条记录的签名不符，已另存待查；后面的记录照常接收"),
    "chain-broken": _("房间的记录链有断点，已另存待查"),
    "second-head": _("同一位置出现两条不同的记录，已另存待查"),
    "bytes-differ": _("归档的内容与签名清单不符，未予确认"),
    "footage-damaged": _("回放时发现片段与签名清单不符，已拒绝播放"),
    "enrolment-locked": _("登记码多次输错，来源已锁定"),
}


def word(words: dict[str, str], code: str) -> str:
    """The Chinese word for a code; an unknown code is shown as it is, so that nothing is hidden."""
    return words.get(code, code)
