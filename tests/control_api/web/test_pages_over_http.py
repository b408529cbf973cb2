"""Pages as a role gets them: who may see what, what forms do, what no address and no list may hold."""

import re

import pytest

from tests.fakes.seeded_capture import seed_capture
from tests.fakes.story import Story

PAGES = {
    "/rooms": {"supervisor", "duty", "admin"},
    "/sessions": {"supervisor", "duty"},
    "/find": {"supervisor", "duty"},
    "/missed": {"supervisor", "duty"},
    "/calendar": {"admin"},
    "/register": {"supervisor", "admin"},
    "/alarms": {"supervisor", "duty", "admin"},
    "/devices": {"admin"},
    "/accounts": {"admin"},
    "/account": {"supervisor", "duty", "admin", "officer"},
}


@pytest.mark.parametrize("name", ["supervisor", "duty", "admin", "officer"])
def test_every_role_gets_its_pages_and_no_other(story: Story, name: str) -> None:
    person = story.person(name)
    for path, allowed in PAGES.items():
        answer = person.get(path)
        assert answer.status_code == (200 if name in allowed else 403), path
        assert "演示" in answer.text
        assert answer.headers["cache-control"] == "no-store"
        assert "default-src 'self'" in answer.headers["content-security-policy"]


def test_a_stranger_is_sent_to_the_sign_in(story: Story) -> None:
    client = story.person("supervisor").client
    answer = client.get("/rooms", headers={"cookie": "shilu=nobody"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?ended=1")
    assert "登录已过期" in client.get("/sign-in?ended=1").text
    wrong = client.post("/sign-in", data={"name": "supervisor", "password": "not this one"})
    assert wrong.status_code == 401
    assert "用户名或密码不正确" in wrong.text


def test_a_search_stands_under_a_random_address_for_its_maker_alone(story: Story) -> None:
    answer = story.person("supervisor").post("/find", {"case_id": "xf-2026-000123"})
    location = answer.headers["location"]
    assert re.fullmatch(r"/find/[0-9a-f]{32}", location)
    assert story.sessions["main"] in story.person("supervisor").get(location).text
    assert story.person("duty").get(location).headers["location"] == "/find"
    refused = story.person("supervisor").post("/find", {"case_id": "a\u200bb"})
    assert refused.status_code == 422
    assert "aria-invalid" in refused.text


def test_a_case_is_corrected_with_a_reason_and_both_numbers_find_it(story: Story) -> None:
    person, session = story.person("supervisor"), story.sessions["running"]
    refused = person.post(f"/sessions/{session}/case", {"case_id": "XF-2026-000125", "case_reason": ""})
    assert refused.status_code == 422
    assert "XF-2026-000125" in refused.text
    saved = person.post(f"/sessions/{session}/case", {"case_id": "XF-2026-000125", "case_reason": "录入有误"})
    assert saved.status_code == 303
    for number in ("XF-2026-000124", "XF-2026-000125"):
        found = person.get(person.post("/find", {"case_id": number}).headers["location"]).text
        assert session in found
        assert "XF-2026-000125" in found
        assert ("曾用编号 XF-2026-000124" in found) == (number == "XF-2026-000124")


def test_a_hold_is_placed_shown_and_released_with_reasons(story: Story) -> None:
    person, page = story.person("supervisor"), f"/sessions/{story.sessions['main']}"
    assert person.post(f"{page}/holds", {"hold_reason": ""}).status_code == 422
    assert person.post(f"{page}/holds", {"hold_reason": "有争议，待复查"}).status_code == 303
    held = person.get(page).text
    assert "封存中" in held
    [hold] = re.findall(r"/holds/([0-9a-f]{32})/release", held)
    form = {"session": story.sessions["main"], "release_reason": "复查已结束"}
    assert person.post(f"/holds/{hold}/release", form).status_code == 303
    assert "复查已结束" in person.get(page).text


def test_an_enrolment_code_is_shown_once(story: Story) -> None:
    person, room = story.person("admin"), story.seeded.rooms["云溪街道 登记窗口"].id
    shown = person.post(f"/devices/{room}/codes")
    [code] = re.findall(r'id="new-code">([0-9A-Z-]+)<', shown.text)
    assert len(code.replace("-", "")) == 42
    assert code not in person.get(f"/devices/{room}").text


def test_a_wrong_configuration_is_refused_by_key_and_changes_nothing(story: Story) -> None:
    person, room = story.person("admin"), story.seeded.rooms["云溪街道 登记窗口"].id
    path = f"/devices/{room}/configuration"
    fields = dict(
        re.findall(r'<input id="field-[^"]+" name="([^"]+)" type="[^"]+" value="([^"]*)"', person.get(path).text)
    )
    chosen = {"camera.kind": "synthetic", "microphone.kind": "none", "picture.preset": "veryfast", "based_on": "1"}
    refused = person.post(path, fields | chosen | {"picture.rate": "99"})
    assert refused.status_code == 422
    assert "太大，最大 30" in refused.text
    assert "第 1 版" in person.get(path).text
    assert person.post(path, fields | chosen | {"picture.rate": "15", "reason": "省流量"}).status_code == 303
    assert "省流量" in person.get(path).text
    assert person.post(path, fields | chosen | {"picture.rate": "20"}).status_code == 422  # based on version 1 still


def test_english_says_the_same(story: Story) -> None:
    client = story.person("supervisor").client
    page = client.get("/rooms", headers={"cookie": f"shilu={client.cookies['shilu']}; shilu_language=en"}).text
    assert "Rooms" in page
    assert "The microphone gives no sound" in page or "Offline" in page


def test_an_unknown_address_is_a_page_for_people_and_json_for_programs(story: Story) -> None:
    client = story.person("supervisor").client
    page = client.get("/nonsense", headers={"accept": "text/html"})
    assert page.status_code == 404
    assert "没有这个页面" in page.text
    assert 'href="/sessions"' in page.text  # the way on is the frame's own
    assert client.get("/nonsense", headers={"accept": "*/*"}).json()["error"]["code"] == "not-found"
    stranger = client.get("/nonsense", headers={"accept": "text/html", "cookie": "shilu=nobody"})
    assert stranger.status_code == 404
    assert "没有这个页面" in stranger.text


def test_a_reloaded_form_leads_back_to_the_page_it_stood_on(story: Story) -> None:
    client, session = story.person("supervisor").client, story.sessions["main"]
    answer = client.get(f"/sessions/{session}/case", headers={"accept": "text/html"})
    assert (answer.status_code, answer.headers["location"]) == (303, f"/sessions/{session}")


def test_no_field_of_a_page_shares_its_name_for_labels(story: Story) -> None:
    for address in (f"/sessions/{story.sessions['main']}", "/find", "/account"):
        ids = re.findall(r'\bid="([^"]+)"', story.person("supervisor").get(address).text)
        assert len(ids) == len(set(ids)), address


def test_the_calendar_takes_a_day_and_a_pasted_year_and_gives_a_day_back(story: Story) -> None:
    person = story.person("admin")
    assert person.post("/calendar", {"day": "2026-12-24", "like": "closed"}).status_code == 303
    pasted = {"lines": "2026-12-25 休\n2026-12-26 按周一"}
    assert person.post("/calendar", pasted).headers["location"] == "/calendar?year=2026"
    page = person.get("/calendar?year=2026").text
    assert [day in page for day in ("2026-12-24", "2026-12-25", "2026-12-26")] == [True] * 3
    assert "按周一开放" in page
    refused = person.post("/calendar", {"lines": "2026-12-27 休\n圣诞 休"})
    assert refused.status_code == 422
    assert "第 2 行" in refused.text
    assert "2026-12-27</td>" not in refused.text
    assert person.post("/calendar", {"day": ""}).status_code == 422
    assert person.post("/calendar/2026-12-24/remove").status_code == 303
    assert "2026-12-24 <" not in person.get("/calendar?year=2026").text


def test_what_looks_after_a_recording_shows_on_the_pages(story: Story) -> None:
    named = seed_capture(story.seeded)
    rooms = story.person("duty").get("/rooms").text
    for words in ("待命", "无人，按配置不保存", "摄像头可能被遮挡", "磁盘约够 19 小时", "传完", "等待接谈员选择"):
        assert words in rooms, words
    room = story.person("duty").get(f"/rooms/{story.seeded.rooms['云溪街道 1号接谈室'].id}").text
    for words in ("有人时录制", "第二份", "正在追赶", "已校准", "约够再录 212 小时"):
        assert words in room, words
    session = story.person("supervisor").get(f"/sessions/{named['observed']}").text
    for words in ("接访中的故障", "继续接访", "来访人同意继续", "第二摄像头无画面"):
        assert words in session, words
    person = story.person("supervisor")
    line = person.get(f"{person.watch(named['observed'])}/timeline.json").json()
    assert [mark["kind"] for mark in line["marks"]] == ["raised", "noted", "cleared", "noted"]
    assert [gap["calm"] for gap in line["missing"]] == [False, True]
    configuration = (
        story.person("admin").get(f"/devices/{story.seeded.rooms['青石镇 1号接谈室'].id}/configuration").text
    )
    assert "secret-" not in configuration
    assert 'value="09:00-12:00 14:00-17:30"' in configuration
    assert 'data-box="second_camera.box"' in configuration
