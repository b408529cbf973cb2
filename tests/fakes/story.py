"""Fixtures of the tests that look at the seeded centre over HTTP. A test folder's conftest imports what it uses."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import httpx
import pytest

from tests.fakes.seeded_centre import PASSWORD, SeededCentre, open_seeded, seed_story
from tests.fakes.served_centre import served


@dataclass
class Story:
    """The seeded centre, its sessions by name and where it is served."""

    seeded: SeededCentre
    sessions: dict[str, str]
    address: str
    clients: list[httpx.Client] = field(default_factory=list)
    people: dict[str, Person] = field(default_factory=dict)

    def person(self, name: str, *, anew: bool = False) -> Person:
        """Somebody signed in; once per name, or `anew`."""
        if anew or name not in self.people:
            self.people[name] = self._sign_in(name)
        return self.people[name]

    def _sign_in(self, name: str) -> Person:
        client = httpx.Client(base_url=self.address, headers={"accept": "text/html"}, timeout=20)
        self.clients.append(client)
        answer = client.post("/sign-in", data={"name": name, "password": PASSWORD})
        assert answer.status_code == 303, answer.text
        return Person(client)


@dataclass
class Person:
    """Somebody signed in, without a browser: sends forms as the pages do."""

    client: httpx.Client

    def get(self, path: str) -> httpx.Response:
        return self.client.get(path)

    def post(self, path: str, form: dict[str, str] | None = None, *, token: bool = True) -> httpx.Response:
        values = dict(form or {})
        if token:
            values["csrf"] = self.token()
        return self.client.post(path, data=values)

    def token(self) -> str:
        found = re.search(r'name="csrf" value="([0-9a-f]+)"', self.client.get("/account").text)
        assert found is not None
        return found.group(1)

    def watch(self, session: str, reason: str = "核实来访人的异议") -> str:
        """Gives the reason; the address of the access."""
        answer = self.post("/review", {"session": session, "reason": reason})
        assert answer.status_code == 303, answer.text
        return answer.headers["location"]


@pytest.fixture(scope="package")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    seeded = open_seeded(tmp_path_factory.mktemp("centre"))
    sessions = seed_story(seeded)
    with served(seeded.center) as address:
        told = Story(seeded, sessions, address)
        yield told
        for client in told.clients:
            client.close()
