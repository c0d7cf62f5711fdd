"""newsletter.toml as a whole: read into a Config, or refused in a line."""

from __future__ import annotations

import tomllib
from datetime import date, timedelta
from pathlib import Path

import pytest
from projects import load, small_settings, write_settings

from newsletter.config import load_config
from newsletter.delivery.judge import RETRY_AGE
from newsletter.delivery.types import Timeouts
from newsletter.delivery.window import parse_window
from newsletter.editions.days import BankHolidays, CalendarName, DaySpan
from newsletter.errors import ConfigError, EditionError
from newsletter.feeds.types import FeedSource
from newsletter.render.design import Logo
from newsletter.render.types import Organisation, Sender

EVERY_SETTING = (Path(__file__).parent / "every_setting.toml").read_text("utf-8")


def test_every_setting_is_read(tmp_path):
    config = load(tmp_path, EVERY_SETTING)
    assert config.organisation == Organisation(
        "Union of Heads",
        "4 Station Parade, Crawley RH10 1BY",
        "https://heads.example.org/about",
        "Registered union 12 · [Privacy](https://www.example.org/privacy)",
    )
    assert config.sender == Sender(
        "Heads Weekly", "weekly@example.org", "desk@example.org", "leave@example.org"
    )
    assert config.feeds == (
        FeedSource("department", "https://www.example.gov.uk/schools.atom", "feed", 1800, ("Policy",)),
        FeedSource("inspectors", "https://feeds.example.gov.uk/inspections.json"),
        FeedSource("archive", "feeds/archive", "pages", 3600),
    )
    assert [(rules.slug, rules.words) for rules in config.audiences] == [
        ("governors", ("chair of governors",)),
        ("career-leads", ()),
    ]
    assert (config.sorting.threshold, config.sorting.default) == (5, ("governors",))
    first, second, _ = config.settings.feeds
    assert (first.username, first.password_env) == ("union", "HEADS_FEED_PASSWORD")
    assert (first.headers_env, second.token_env) == ({"X-Api-Key": "HEADS_FEED_KEY"}, "HEADS_FEED_TOKEN")
    design = config.design
    assert (design.light.accent, design.light.page, design.dark.line) == ("#654321", "#eeeeee", "#333333")
    assert (design.heading_font, design.text_font) == ("Charter, Georgia, serif", "Verdana, sans-serif")
    assert design.logo == Logo("https://www.example.org/logo.png", 180, 40)
    second = config.relays[1]
    assert (second.name, second.rate, second.daily_limit) == ("second", (14, 1), 500)
    assert (second.weight, second.connections, second.messages_per_connection) == (3, 2, 50)
    assert config.relays[1].timeouts.seconds == Timeouts(20, 240, 60, 120, 900)
    assert config.database_url == "postgresql+psycopg://weekly@db.example.org/weekly"
    alerts = config.settings.alerts
    assert [it.text for it in alerts.to] == ["desk@example.org"]
    assert (alerts.webhook_env, alerts.token_file) == ("HEADS_WEBHOOK", Path("keys/webhook"))
    newsletter = config.newsletter("heads-weekly")
    assert newsletter.display_title == "Heads, week by week"
    assert (newsletter.lead, newsletter.catch_up) == (timedelta(hours=48), timedelta(minutes=90))
    assert newsletter.schedule.cron == "30 6 * * 1#1"
    assert newsletter.exceptions == (
        DaySpan(date(2026, 12, 21), date(2027, 1, 3), "Christmas"),
        DaySpan(date(2027, 5, 1), date(2027, 5, 1), "the day 2027-05-01"),
        BankHolidays("Wales"),
        CalendarName("holidays"),
    )
    assert newsletter.only_in == (CalendarName("terms"),)
    assert config.settings.calendars["terms"].events == ("term",)
    assert config.settings.calendars["holidays"].url == "https://www.example.gov.uk/holidays.ics"
    assert newsletter.window == parse_window("Mon-Fri 8:00-18:00; Sat 9:00-12:00")


def test_every_setting_of_the_sample_differs_from_its_default(tmp_path):
    # Otherwise the test above would not see that a setting is ignored.
    newsletter = load(tmp_path, EVERY_SETTING).newsletter("heads-weekly")
    default = load(tmp_path).newsletter("weekly")
    same = {
        name for name in type(default).model_fields if getattr(newsletter, name) == getattr(default, name)
    }
    assert same == {"approvers", "approvals"}  # which go with approval = "required" only


def test_defaults_are_those_that_users_were_promised(tmp_path):
    config = load(tmp_path, small_settings(smtp={"host": "smtp.example.org"}))
    newsletter, relay = config.newsletter("weekly"), config.relays[0]
    assert (newsletter.lead, newsletter.max_age) == (timedelta(hours=24), timedelta(days=30))
    assert (newsletter.approval, newsletter.on_missed, newsletter.catch_up) == (
        "required",
        "send",
        timedelta(hours=6),
    )
    assert (newsletter.min_items, newsletter.max_items, newsletter.on_unknown) == (1, 12, "hold")
    assert (relay.connections, relay.rate, relay.daily_limit) == (8, None, None)
    assert (relay.name, relay.weight, relay.messages_per_connection) == ("smtp.example.org:587", 1, None)
    assert newsletter.window is None
    assert newsletter.schedule.cron == "0 7 * * FRI"
    assert (newsletter.exceptions, newsletter.only_in, newsletter.on_exception) == ((), (), "skip")
    assert (relay.timeouts.seconds, relay.auth) == (Timeouts(), "password")
    assert newsletter.retry_for == RETRY_AGE
    assert newsletter.display_title == "Weekly"


def test_shipped_project_is_in_order(project_root):
    config = load_config(project_root, {})
    assert [newsletter.name for newsletter in config.settings.newsletters] == ["weekly"]
    assert [rules.slug for rules in config.audiences] == ["governors", "leaders", "career-leads"]


def test_preset_fills_in_what_is_not_set(tmp_path):
    login = {"username": "news", "password_env": "SECRET"}
    settings = small_settings(smtp={"preset": "microsoft365", "connections": 1, **login})
    relay = load(tmp_path, settings).relays[0]
    assert (relay.host, relay.port, relay.security) == ("smtp.office365.com", 587, "starttls")
    assert (relay.rate, relay.daily_limit) == ((30, 60), 10_000)
    assert relay.connections == 1


@pytest.mark.parametrize(
    ("preset", "host", "allowed"),
    [
        ("microsoft365", "smtp.office365.com", (3, None, (30, 60), 10_000)),
        ("gmail", "smtp-relay.gmail.com", (4, 100, None, 10_000)),
        ("ses", "email-smtp.eu-west-2.amazonaws.com", (8, None, (14, 1), 50_000)),
        ("postfix", "localhost", (16, None, None, None)),
    ],
)
def test_preset_knows_what_a_provider_allows(tmp_path, preset, host, allowed):
    given = {"host": host} if preset == "ses" else {}  # SES has a host in each region
    relay = load(tmp_path, small_settings(smtp={"preset": preset, **given})).relays[0]
    assert relay.host == host
    told = (relay.connections, relay.messages_per_connection, relay.rate, relay.daily_limit)
    assert told == allowed


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (None, "sqlite:///{folder}/newsletter.db"),
        ("sqlite:///data/news.db?timeout=5", "sqlite:///{folder}/data/news.db?timeout=5"),
        ("sqlite:////var/lib/news.db", "sqlite:////var/lib/news.db"),
        ("postgresql://news@db/news", "postgresql://news@db/news"),
    ],
)
def test_relative_sqlite_file_stands_below_the_project(tmp_path, monkeypatch, url, expected):
    write_settings(tmp_path, small_settings(**({"database": {"url": url}} if url else {})))
    monkeypatch.chdir(tmp_path)
    assert load_config(Path(), {}).database_url == expected.format(folder=tmp_path)


def test_sender_falls_back_to_what_is_set(tmp_path):
    sender = load(tmp_path, small_settings(sender={"from": "news@example.org"})).sender
    assert sender == Sender("Heath Union", "news@example.org", "news@example.org", "news@example.org")


def test_unknown_newsletter_names_the_likely_one(tmp_path):
    with pytest.raises(EditionError, match="'weakly'; did you mean `weekly`"):
        load(tmp_path).newsletter("weakly")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "no newsletter.toml in"),
        (b'name = "caf\xe9"', "is not UTF-8"),
        (b"name = weekly", "cannot be read: Invalid value"),
        (b"[sender]\n[sender]", "cannot be read: Cannot declare"),
        (b"a = " + b"[" * 9999, "cannot be read: .*nested"),
    ],
    ids=["missing", "not UTF-8", "not TOML", "a table twice", "nested"],
)
def test_unreadable_file_is_one_line_with_a_cure(tmp_path, content, words):
    if content is not None:
        (tmp_path / "newsletter.toml").write_bytes(content)
    with pytest.raises(ConfigError, match=words) as caught:
        load_config(tmp_path, {})
    assert "\n" not in str(caught.value)
    assert caught.value.hint
    assert caught.value.exit_code == 2


def test_folder_in_place_of_the_file_is_told(tmp_path):
    (tmp_path / "newsletter.toml").mkdir()
    with pytest.raises(ConfigError, match="cannot be read"):
        load_config(tmp_path, {})


def test_byte_order_mark_does_no_harm(tmp_path):
    assert load(tmp_path, "\ufeff" + EVERY_SETTING).feeds


def test_sample_holds_every_setting():
    settings = tomllib.loads(EVERY_SETTING)
    assert set(settings) == {
        *(
            "organisation",
            "sender",
            "smtp",
            "web",
            "dkim",
            "pictures",
            "design",
            "bounces",
            "retention",
            "database",
            "fetch",
            "feeds",
            "audiences",
            "calendars",
            "alerts",
        ),
        *("sorting", "newsletters"),
    }
