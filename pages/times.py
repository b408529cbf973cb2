"""Times as people read them: the county's zone, 24 hours, seconds where evidence is meant. Pure; reads no clock."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

SECOND_NS = 1_000_000_000


class CountyTime:
    """Formats wall clock nanoseconds (UTC) in one time zone."""

    def __init__(self, zone_name: str) -> None:
        self.zone = ZoneInfo(zone_name)

    def at(self, wall_ns: int) -> datetime:
        """The instant in the county's zone; microseconds are as fine as it gets."""
        instant = datetime.fromtimestamp(wall_ns // SECOND_NS, UTC) + timedelta(
            microseconds=wall_ns % SECOND_NS // 1000
        )
        return instant.astimezone(self.zone)

    def day(self, wall_ns: int) -> str:
        return self.at(wall_ns).strftime("%Y-%m-%d")

    def clock(self, wall_ns: int) -> str:
        return self.at(wall_ns).strftime("%H:%M:%S")

    def minute(self, wall_ns: int) -> str:
        return self.at(wall_ns).strftime("%H:%M")

    def moment(self, wall_ns: int) -> str:
        return self.at(wall_ns).strftime("%Y-%m-%d %H:%M:%S")

    def day_of(self, text: str) -> date | None:
        """`text` as a day, None when it is none."""
        try:
            return date.fromisoformat(text.strip())
        except ValueError:
            return None

    def day_span(self, day: date) -> tuple[int, int]:
        """First nanosecond of the day in this zone and of the one after it."""
        start = datetime(day.year, day.month, day.day, tzinfo=self.zone)
        after = day + timedelta(days=1)
        end = datetime(after.year, after.month, after.day, tzinfo=self.zone)
        return int(start.timestamp()) * SECOND_NS, int(end.timestamp()) * SECOND_NS


def duration(length_ns: int) -> str:
    """`18:20` or `1:02:07`."""
    seconds = max(0, length_ns) // SECOND_NS
    hours, rest = divmod(seconds, 3600)
    minutes, seconds = divmod(rest, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes:02d}:{seconds:02d}"


def ago(wall_ns: int, now_ns: int) -> tuple[str, int]:
    """How long since, as a sentence with its figure: `("%(count)s 分钟前", 3)`. Shown only beside the exact time."""
    seconds = max(0, now_ns - wall_ns) // SECOND_NS
    if seconds < 10:
        return "刚刚", 0
    if seconds < 60:
        return "%(count)s 秒前", seconds
    if seconds < 3600:
        return "%(count)s 分钟前", seconds // 60
    if seconds < 48 * 3600:
        return "%(count)s 小时前", seconds // 3600
    return "%(count)s 天前", seconds // 86400


def size(count_bytes: int) -> str:
    """`1.4 GB`; for people, so in powers of ten."""
    value = float(count_bytes)
    for unit in ("B", "kB", "MB", "GB"):
        if value < 1000:
            return f"{value:.0f} {unit}" if unit in ("B", "kB") else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} TB"
