"""What can go wrong around the agent, as values with a sentence for people. Decides nothing about retrying.

Every trouble says what happened, what goes on regardless and what to do, in Chinese and in English. None carries
what a person typed: these sentences reach logs and the centre.
"""

from __future__ import annotations

from typing import TypedDict


class Sentence(TypedDict):
    code: str
    message: str
    message_en: str


class Trouble(Exception):
    """Base of everything that the agent expects to go wrong."""

    def __init__(self, code: str, message: str, message_en: str) -> None:
        super().__init__(f"{code}: {message_en}")
        self.code = code
        self.message = message
        self.message_en = message_en

    def sentence(self) -> Sentence:
        return {"code": self.code, "message": self.message, "message_en": self.message_en}


class RecorderSilent(Trouble):
    """No answer on the recorder's socket."""

    def __init__(self) -> None:
        super().__init__(
            "recorder-silent",
            "录像程序没有应答：可能正在重新启动，页面会自动恢复；一分钟后仍如此，请联系管理员",
            "The recording program does not answer: it may be starting again, this page recovers by itself;"
            " if it lasts a minute, call the administrator",
        )


class RecorderRefused(Trouble):
    """The recorder understood and said no. `answer` holds what else it said, such as the open session."""

    def __init__(self, code: str, message: str, message_en: str, answer: dict[str, object]) -> None:
        super().__init__(code, message, message_en)
        self.answer = answer


class LiveRefused(Trouble):
    """The live process said no, or is not there."""


class CentreUnreachable(Trouble):
    """No connection to the centre. `cause` is a class name, for the log."""

    def __init__(self, cause: str) -> None:
        super().__init__(
            "centre-unreachable",
            "与县中心的线路断开，录像照常，恢复后自动上传",
            "The line to the county centre is down; recording goes on and is uploaded when it is back",
        )
        self.cause = cause


class CentreUnclear(Trouble):
    """The centre answered something that it must not answer. `what` is a short English description of ours."""

    def __init__(self, what: str, status: int | None = None) -> None:
        super().__init__(
            "centre-unclear",
            "县中心的回答无法识别，录像照常，稍后自动重试；长时间如此请管理员检查县中心服务和线路上的代理",
            f"The centre's answer makes no sense ({what}); recording goes on and the room tries again by itself;"
            " if it lasts, check the centre and any proxy on the line",
        )
        self.status = status


class CentreRefused(Trouble):
    """The centre said no in its own words."""

    def __init__(
        self, code: str, message: str, message_en: str, status: int, retry_after_s: float | None = None
    ) -> None:
        super().__init__(code, message, message_en)
        self.status = status
        self.retry_after_s = retry_after_s


ABOUT_THIS_PC = frozenset({401, 403, 429, 503})  # HTTP refusals that say nothing about the item that was sent


class ArchiveTrouble(Trouble):
    """The archive did not take an object. `whole`: nothing else will go either, so wait before the next one."""

    def __init__(self, what: str, *, whole: bool) -> None:
        super().__init__(
            "archive-trouble",
            "归档存储暂时不接收录像，录像照常保存在本机，稍后自动重试",
            f"The archive takes no footage at the moment ({what}); it stays on this PC and is sent again by itself",
        )
        self.whole = whole
