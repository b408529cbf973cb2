"""What the demo says once everything runs: addresses, accounts, what to try next. Chinese first."""

from __future__ import annotations

from demo.house import House
from demo.people import ROOM, TOWNSHIP

TEXT = """
────────────────────────────────────────────────────────────────────────
 Shilu 实录 演示已就绪，{township}{room}正在录制 / the demo is ready, the room is recording

   接谈室控制台 room console   {console_url}
   县中心 county centre        {centre_url}

   接谈员 officer (room)       工号 number {officer_number}   PIN {officer_pin}
   值班员 duty officer         {duty_name:<8} {duty_password}
   督查 supervisor             {supervisor_name:<8} {supervisor_password}
   管理员 administrator        {administrator_name:<8} {administrator_password}
   （账号保存在 kept in {accounts}）

 试一试 / what to try
   1. 在控制台用工号和 PIN 登录，输入信访件编号（如 XF2026-000123），开始接访，说几句，结束接访。
      Sign in at the room console, enter a case ID, open a session, close it.
   2. 用督查账号登录县中心，按编号查找，填写查阅事由，回放；再看“查阅登记”。
      Sign in at the centre as supervisor, find the case, give a reason, replay; look at the register.
   3. 结束录像程序：kill -9 {recorder_pid}，几秒后自动恢复，中断会记录在案并显示在回放中。
      Kill the recorder: it is back within seconds and the gap is on record.
   4. 离线核验：.venv/bin/shilu-verify --help
      Verify offline, with public keys only.
{store_note}
 Ctrl-C 停止，录像全部保留 / Ctrl-C stops everything in order, nothing is lost
────────────────────────────────────────────────────────────────────────"""
LOCAL_NOTE = """
 归档在本机目录，不防删改（非 WORM） / the archive is a plain directory: not WORM
"""


def welcome(house: House) -> str:
    accounts = house.accounts
    officer, duty = accounts["officer"], accounts["duty-officer"]
    supervisor, administrator = accounts["supervisor"], accounts["administrator"]
    return TEXT.format(
        township=TOWNSHIP,
        room=ROOM,
        console_url=house.console_url,
        centre_url=house.centre_url,
        officer_number=officer.number,
        officer_pin=officer.pin,
        duty_name=duty.name,
        duty_password=duty.password,
        supervisor_name=supervisor.name,
        supervisor_password=supervisor.password,
        administrator_name=administrator.name,
        administrator_password=administrator.password,
        accounts=house.place.accounts,
        recorder_pid=house.pid("recorder"),
        store_note="" if house.store == "s3" else LOCAL_NOTE,
    )
