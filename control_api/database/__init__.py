"""The centre's rows: models, migrations, transactions. Decides nothing about people, rooms or footage.

Times are integers of UTC nanoseconds (`…_wall_ns`), ids are 128 random bits in hex, digests are SHA-256 in hex.
"""

from control_api.database.base import Base, new_id
from control_api.database.chain import Alarm, ArchiveWrite, Correction, Entry, RefusedEntry
from control_api.database.devices import Device, DeviceChallenge, DeviceToken, EnrolmentAttempt, EnrolmentCode
from control_api.database.footage import CaseTag, Finding, HeldSession, Hold, MissedAnswer, MissedSession, RoomSession
from control_api.database.people import Account, AccountAct, SignInAttempt, Unit, WebSession
from control_api.database.register import AccessGrant, AccessStretch
from control_api.database.rooms import CalendarChange, ConfigurationVersion, Room
from control_api.database.state import CenterKey, Meta

__all__ = [
    "AccessGrant",
    "AccessStretch",
    "Account",
    "AccountAct",
    "Alarm",
    "ArchiveWrite",
    "Base",
    "CalendarChange",
    "CaseTag",
    "CenterKey",
    "ConfigurationVersion",
    "Correction",
    "Device",
    "DeviceChallenge",
    "DeviceToken",
    "EnrolmentAttempt",
    "EnrolmentCode",
    "Entry",
    "Finding",
    "HeldSession",
    "Hold",
    "Meta",
    "MissedAnswer",
    "MissedSession",
    "RefusedEntry",
    "Room",
    "RoomSession",
    "SignInAttempt",
    "Unit",
    "WebSession",
    "new_id",
]
