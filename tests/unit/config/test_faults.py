"""Faults of newsletter.toml: all at once, each with its key, its value and the likely slip."""

from __future__ import annotations

import copy
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from projects import load, small_settings
from pydantic import ValidationError

from newsletter.config.environment import override
from newsletter.config.faults import reference_faults, settings_faults
from newsletter.config.settings import Settings
from newsletter.errors import ConfigError

EVERY_SETTING = tomllib.loads((Path(__file__).parent / "every_setting.toml").read_text("utf-8"))


def faults_of(folder, **tables):
    with pytest.raises(ConfigError) as caught:
        load(folder, small_settings(**tables))
    assert [line.strip() for line in str(caught.value).splitlines()[1:]] == list(caught.value.faults)
    return list(caught.value.faults)


def weekly(**settings):
    return {"newsletters": [{"name": "weekly", "audiences": ["governors"], **settings}]}


def smtp(**settings):
    return {"smtp": {"host": "smtp.example.org", **settings}}


def dkim(**settings):
    return {"dkim": {"domain": "example.org", "selector": "news", "key_file": "keys/a.pem", **settings}}


def feed(**settings):
    return {"feeds": [{"name": "dfe", "url": "feeds/dfe.xml", **settings}]}


@pytest.mark.parametrize(
    ("tables", "fault"),
    [
        ({"alerts": {"to": ["olga"]}}, "alerts.to.0 = 'olga': no @ in 'olga'"),
        (
            {"alerts": {"webhook": "chat.example.org/hooks/s3cret"}},
            'alerts.webhook = …: is no web address; write it as "https://chat.example.org/hooks/…"',
        ),
        ({"alerts": {"token_env": "T"}}, "alerts has a token and no webhook to show it to"),
        (weekly(max_item=3), "newsletters.weekly.max_item = 3: is not a setting; did you mean `max_items`?"),
        (weekly(max_items=0), "newsletters.weekly.max_items = 0: must be more than 0"),
        (
            weekly(approval="automated"),
            "newsletters.weekly.approval = 'automated': must be 'required' or 'automatic'; did you",
        ),
        (
            weekly(approvers=["Anna", " anna "], approvals=2),
            "newsletters.weekly names 'Anna' twice among its approvers; one person counts once",
        ),
        (
            weekly(approvers=["Anna"], approvals=2),
            "newsletters.weekly asks for 2 approvals and has 1 in its approvers",
        ),
        (
            weekly(approval="automatic", approvals=2),
            'newsletters.weekly has approval = "automatic", so approvers and approvals do nothing',
        ),
        (
            weekly(audiences=["governers"]),
            "newsletters.weekly.audiences: 'governers' is no audience of this file; did you mean `gov",
        ),
        (
            weekly(audiences="governors"),
            "newsletters.weekly.audiences = 'governors': must be a list, in brackets",
        ),
        (weekly(audiences=[]), "newsletters.weekly.audiences = []: must not be empty"),
        (weekly(timezone="Europe/Londn"), "newsletters.weekly.timezone = 'Europe/Londn': not a time zone"),
        (weekly(schedule="7 o'clock"), 'newsletters.weekly.schedule = "7 o\'clock": it names no time of day'),
        (
            weekly(schedule="every other Friday 07:00"),
            "newsletters.weekly.schedule = 'every other Friday 07:00'",
        ),
        (weekly(schedule=7), "newsletters.weekly.schedule = 7: it names no time of day; write it as"),
        (
            weekly(exceptions=["2026-12-32"]),
            "newsletters.weekly.exceptions.0 = '2026-12-32': day is out of range for month; write a date",
        ),
        (
            weekly(exceptions=["bank holidays of Cornwall"]),
            "newsletters.weekly.exceptions.0 = 'bank holidays of Cornwall': we know no bank holidays of",
        ),
        (
            {"calendars": {"terms": {"url": "feeds/a.ics"}}, **weekly(only_in=["term"])},
            "newsletters.weekly.only_in: 'term' is no calendar of this file; did you mean `terms`?",
        ),
        (
            weekly(on_exception="move"),
            "newsletters.weekly.on_exception = 'move': must be 'skip', 'next' or 'previous'",
        ),
        (
            {"calendars": {"terms": {"url": "terms.ics"}}},
            "calendars.terms.url = 'terms.ics': a file must stand",
        ),
        ({"calendars": {"terms": {}}}, "calendars.terms.url is missing"),
        (
            weekly(catch_up="5m"),
            "newsletters.weekly.catch_up = '5m': shorter than cron may pause; the least is",
        ),
        (
            weekly(lead="a day"),
            "newsletters.weekly.lead = 'a day': not a duration; write a number and a unit",
        ),
        (
            weekly(schedule="0 7 30 2 *"),
            "newsletters.weekly.schedule = '0 7 30 2 *': not a cron expression (",
        ),
        (weekly(lead=24), "newsletters.weekly.lead = 24: not a duration"),
        (weekly(lead=True), "newsletters.weekly.lead = True: not a duration"),
        (weekly(lead="99999999999d"), "newsletters.weekly.lead = '99999999999d': longer than any calendar"),
        (weekly(template="../digest"), "newsletters.weekly.template = '../digest': use small letters"),
        (weekly(title="Week\nly"), "newsletters.weekly.title = 'Week\\nly': holds a line break"),
        ({"newsletters": [{"audiences": ["governors"]}]}, "newsletters.0.name is missing"),
        ({"newsletters": []}, "newsletters = []: must not be empty"),
        ({"newsletters": "weekly"}, "newsletters = 'weekly': must be a list"),
        (smtp(rate="30 per minute"), "smtp.rate = '30 per minute': not a rate; write it as \"30/minute\""),
        (smtp(rate=30), "smtp.rate = 30: not a rate"),
        (smtp(weight=0), "smtp.weight = 0: must be at least 1"),
        (smtp(messages_per_connection=0), "smtp.messages_per_connection = 0: must be more than 0"),
        (
            {"smtp": [{"preset": "microsoft365"}, {"host": "smtp.office365.com"}]},
            "smtp: the name 'smtp.office365.com:587' stands 2 times; give each relay a name of its own",
        ),
        (
            weekly(window="weekdays"),
            "newsletters.weekly.window = 'weekdays': 'weekdays' is not a sending window; write it as",
        ),
        (
            weekly(window=["8:00-9:00", 5]),
            "newsletters.weekly.window = ['8:00-9:00', 5]: '5' is not a sending",
        ),
        (smtp(port=99999), "smtp.port = 99999: must be at most 65535"),
        (smtp(host=""), "smtp.host = '': must not be empty"),
        (smtp(host=25), 'smtp.host = 25: must be text, in quotes: "…"'),
        (smtp(port="25x"), "smtp.port = '25x': must be a whole number"),
        (
            smtp(preset="postfx"),
            "smtp.preset = 'postfx': must be 'microsoft365', 'gmail', 'ses' or 'postfix'; did",
        ),
        (smtp(outbox="box"), "smtp needs either host, for an SMTP relay, or outbox"),
        ({"smtp": {"port": 25}}, "smtp needs either host"),
        (
            smtp(username="news"),
            "smtp username goes together with password_env, password_file or password_command",
        ),
        (smtp(auth="xoauth2"), 'smtp auth = "xoauth2" needs a username'),
        (
            smtp(username="news", password_env="A", password_command="b"),
            "smtp password_env and password_command are both set",
        ),
        (
            smtp(username="news", password_command="pass 'news"),
            'smtp.password_command = "pass \'news": not a command: No closing quotation',
        ),
        (smtp(timeouts={"answer": "0s"}), "smtp.timeouts.answer = '0s': no relay answers in no time"),
        (
            smtp(timeouts={"anser": "5m"}),
            "smtp.timeouts.anser = '5m': is not a setting; did you mean `answer`",
        ),
        (smtp(password="hush"), "smtp.password is not a setting; did you mean `password_env`?"),
        ({"smtp": [{"outbox": "a"}, {"outbox": 3}]}, "smtp.1.outbox = 3: input is not a valid path"),
        ({"sender": {"from": "news.example.org"}}, "sender.from = 'news.example.org': no @ in"),
        ({"sender": {"from": "News\nBcc: x <news@example.org>"}}, "sender.from = 'News\\nBcc: x <news@"),
        ({"sender": {"from": 5}}, "sender.from = 5: no @ in '5'"),
        ({"sender": {"from": "n@example.org", "leave": "x"}}, "sender.leave = 'x': no @ in 'x'"),
        ({"sender": "news@example.org"}, "sender = 'news@example.org': must be a table"),
        (
            feed(url="/etc/passwd"),
            "feeds.dfe.url = '/etc/passwd': a file must stand below the folder feeds/",
        ),
        (feed(url="../other.xml"), "feeds.dfe.url = '../other.xml': a file must stand below"),
        (
            feed(url="file:///etc/passwd"),
            "feeds.dfe.url = 'file:///etc/passwd': only http and https are fetched",
        ),
        (feed(url="http://[::1"), "feeds.dfe.url = 'http://[::1': invalid IPv6 URL"),
        ({"feeds": feed()["feeds"] * 2}, "feeds: the name 'dfe' stands 2 times"),
        ({"organisation": {"name": "Union", "adress": "x"}}, "organisation.address is missing"),
        ({"organization": {}}, "organization is not a setting; did you mean `organisation`?"),
        (dkim(domain="example.org; l=0"), "dkim.domain = 'example.org; l=0': not a name in the DNS"),
        (dkim(selector="-news"), "dkim.selector = '-news': not a name in the DNS"),
        (dkim(ed25519_selector="ed"), "dkim ed25519_selector and ed25519_key_file go together"),
        (
            dkim(ed25519_selector="news", ed25519_key_file="b.pem"),
            "dkim selector and ed25519_selector must differ",
        ),
        ({"web": {"url": "https://x.example/?a=1"}}, "web.url = 'https://x.example/?a=1': the links"),
        ({"web": {"url": "news.example.org"}}, "web.url = 'news.example.org': write it as \"https://"),
        ({"sorting": {"default": ["everyone"]}}, "sorting.default: 'everyone' is no audience of this file"),
        (
            {**weekly(), "audiences": {"governors": {"title": "G", "feeds": ["dfe"]}}},
            "audiences.governors.feeds: 'dfe' is no feed of this file",
        ),
        (
            {**weekly(), "audiences": {"governors": {"title": "G"}, "School heads": {"title": "H"}}},
            "audiences.School heads = 'School heads': use small letters",
        ),
        (
            {"database": {"url": "postgresql://u:hush@h/\t"}},
            "database.url = 'postgresql://u:***@h/\\t': holds",
        ),
    ],
)
def test_fault_names_key_value_and_slip(tmp_path, tables, fault):
    assert any(told.startswith(fault) for told in faults_of(tmp_path, **tables)), faults_of(
        tmp_path, **tables
    )


def test_faults_are_told_all_at_once(tmp_path):
    faults = faults_of(
        tmp_path,
        organisation={"name": "Union"},
        smtp={"host": "smtp.example.org", "prot": 25},
        feeds=[{"name": "dfe", "url": "ftp://example.org/a"}],
        **weekly(audiences=["leader"], max_age="monthly"),
    )
    assert [fault.partition(" ")[0].rstrip(":") for fault in faults] == [
        "organisation.address",
        "smtp.prot",
        "newsletters.weekly.max_age",
        "feeds.dfe.url",
        "newsletters.weekly.audiences",
    ]


def test_what_is_required_is_missed_in_an_empty_file(tmp_path):
    with pytest.raises(ConfigError, match="has 4 faults") as caught:
        load(tmp_path, "")
    assert caught.value.faults == tuple(
        f"{table} is missing" for table in ("organisation", "sender", "smtp", "newsletters")
    )


_SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=5),
    st.datetimes(),
    st.sampled_from([[], {}]),
)
_TREES = st.recursive(
    _SCALARS, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner)
)


def _places(node, path=()):
    yield path
    children = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for step, child in children:
        yield from _places(child, (*path, step))


@given(st.sampled_from([place for place in _places(EVERY_SETTING) if place]), _TREES)
def test_any_value_in_any_place_is_a_setting_or_a_fault(place, value):
    data = copy.deepcopy(EVERY_SETTING)
    node = data
    for step in place[:-1]:
        node = node[step]
    node[place[-1]] = value
    assert isinstance(override(data, {"NEWSLETTER_NEWSLETTERS__HEADS_WEEKLY__TITLE": "x"}), list)
    faults = reference_faults(data)
    try:
        Settings.model_validate(data)
    except ValidationError as error:
        faults += settings_faults(error, data)
    assert all("\n" not in fault for fault in faults)
