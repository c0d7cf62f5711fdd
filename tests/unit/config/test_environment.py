"""Settings that come from the environment."""

from __future__ import annotations

import pytest
from projects import load, small_settings

from newsletter.errors import ConfigError

SETTINGS = small_settings(
    smtp={"host": "smtp.example.org", "port": 25},
    feeds=[{"name": "dfe-news", "url": "feeds/dfe.xml"}],
)


def told(config):
    return {
        "host": config.relays[0].host,
        "port": config.relays[0].port,
        "from": config.sender.from_address,
        "max_items": config.newsletter("weekly").max_items,
        "audiences": config.newsletter("weekly").audiences,
        "feed": config.feeds[0].url,
        "title": config.settings.audiences["career-leads"].title,
        "database": config.database_url,
    }


@pytest.mark.parametrize(
    ("variable", "value", "setting", "expected"),
    [
        ("NEWSLETTER_SMTP__HOST", "relay.example.org", "host", "relay.example.org"),
        ("NEWSLETTER_SMTP__PORT", "587", "port", 587),
        ("NEWSLETTER_SENDER__FROM", "Me <me@example.org>", "from", "me@example.org"),
        ("NEWSLETTER_NEWSLETTERS__WEEKLY__MAX_ITEMS", "8", "max_items", 8),
        ("NEWSLETTER_NEWSLETTERS__0__MAX_ITEMS", "9", "max_items", 9),
        ("NEWSLETTER_NEWSLETTERS__WEEKLY__AUDIENCES", '["leaders"]', "audiences", ("leaders",)),
        ("NEWSLETTER_FEEDS__DFE_NEWS__URL", "https://example.org/f", "feed", "https://example.org/f"),
        ("NEWSLETTER_AUDIENCES__CAREER_LEADS__TITLE", "Careers", "title", "Careers"),
        ("NEWSLETTER_AUDIENCES__CAREER_LEADS__TITLE", '"42"', "title", "42"),
        ("NEWSLETTER_DATABASE__URL", "sqlite:////tmp/x.db", "database", "sqlite:////tmp/x.db"),
    ],
)
def test_setting_from_the_environment_wins(tmp_path, variable, value, setting, expected):
    before = told(load(tmp_path, SETTINGS))
    assert told(load(tmp_path, SETTINGS, {variable: value})) == before | {setting: expected}


@pytest.mark.parametrize(
    "variable",
    ["PATH", "NEWSLETTER_SMTP_PASSWORD", "NEWSLETTER_TESTS_REQUIRE_ALL", "newsletter_smtp__port"],
)
def test_other_variables_are_left_alone(tmp_path, variable):
    assert told(load(tmp_path, SETTINGS, {variable: "0"})) == told(load(tmp_path, SETTINGS))


@pytest.mark.parametrize(
    ("variable", "fault"),
    [
        (
            "NEWSLETTER_NEWSLETTERS__MONTHLY__TITLE",
            "NEWSLETTER_NEWSLETTERS__MONTHLY__TITLE: there is no such",
        ),
        ("NEWSLETTER_NEWSLETTERS__WEEKLY", "NEWSLETTER_NEWSLETTERS__WEEKLY: there is no such setting"),
        ("NEWSLETTER_SMTP__HOST__NAME", "NEWSLETTER_SMTP__HOST__NAME: there is no such setting"),
        ("NEWSLETTER_SENDER__FORM", "sender.form = 'x': is not a setting; did you mean `from`?"),
        ("NEWSLETTER_SENDR__FROM", "sendr is not a setting; did you mean `sender`?"),
        ("NEWSLETTER_SMTP__PORT", "smtp.port = 'x': must be a whole number"),
    ],
)
def test_setting_that_has_no_place_is_a_fault(tmp_path, variable, fault):
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, SETTINGS, {variable: "x"})
    [told_fault] = caught.value.faults
    assert told_fault.startswith(fault)
