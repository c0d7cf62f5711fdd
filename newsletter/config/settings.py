"""What may stand in newsletter.toml: one class for each table, with its defaults."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    NonNegativeInt,
    PositiveInt,
    field_validator,
    model_validator,
)

from newsletter.config.alerts import AlertsSettings
from newsletter.config.design import DesignSettings
from newsletter.config.fields import (
    AddressField,
    BounceBox,
    Command,
    DaysField,
    DnsName,
    Duration,
    Grace,
    HeaderName,
    Line,
    MailboxField,
    Rate,
    RateField,
    RecurrenceField,
    Slug,
    Source,
    SubjectTemplate,
    TimeZone,
    WebUrl,
    WindowField,
)
from newsletter.config.timeouts import TimeoutSettings
from newsletter.editions.approval import name_key
from newsletter.editions.recurrence import parse_recurrence


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True, defer_build=True)


class OrganisationSettings(_Table):
    """Who sends, as the footer says it."""

    name: Line
    address: Line
    url: WebUrl | None = None


class SenderSettings(_Table):
    """Whom the mail is from, and who reads what comes back."""

    from_: MailboxField = Field(alias="from")
    reply_to: AddressField | None = None
    leave: AddressField | None = None
    envelope_domain: DnsName | None = None


#: What a preset fills in; limits as the providers publish them, and none where they publish none.
PRESETS: dict[str, dict[str, Any]] = {
    # For one mailbox: 3 connections, 30 messages a minute, 10,000 recipients a day (learn.microsoft.com,
    # "Message storage and concurrent connection throttling for SMTP Authenticated Submission", 2025).
    "microsoft365": {
        "host": "smtp.office365.com",
        "port": 587,
        "security": "starttls",
        "connections": 3,
        "rate": "30/minute",
        "daily_limit": 10_000,
    },
    # For one user: 10,000 messages to 10,000 recipients in 24 hours (Google Workspace Admin Help, "SMTP relay
    # sending limits", 2025). Connections and messages on each are our own prudence: Google names no number,
    # and says "450 4.2.1 Peak SMTP relay limit exceeded" when it is too much.
    "gmail": {
        "host": "smtp-relay.gmail.com",
        "port": 587,
        "security": "starttls",
        "connections": 4,
        "messages_per_connection": 100,
        "daily_limit": 10_000,
    },
    # What accounts commonly begin with outside of the sandbox; each has quotas of its own, of a second and of
    # any 24 hours (docs.aws.amazon.com, "Managing your Amazon SES sending limits", 2025).
    "ses": {
        "port": 587,
        "security": "starttls",
        "connections": 8,
        "rate": "14/second",
        "daily_limit": 50_000,
    },
    # A relay of one's own. It takes 50 connections from one client (smtpd_client_connection_count_limit) and
    # any number of messages on each (smtpd_client_message_rate_limit 0); postconf(5) of Postfix 3.7, 2022.
    "postfix": {"host": "localhost", "port": 25, "security": "none", "connections": 16},
}


def with_preset(table: Mapping[str, Any]) -> dict[str, Any]:
    """Return a table of [[smtp]] with what its preset fills in, and a name."""
    preset = table.get("preset")
    filled = {**(PRESETS.get(preset, {}) if isinstance(preset, str) else {}), **table}
    place = f"{filled['host']}:{filled.get('port', 587)}" if filled.get("host") else None
    return {"name": place or f"outbox {filled.get('outbox')}", **filled}


class SmtpSettings(_Table):
    """One way out: an SMTP relay, or a folder for `.eml` files. name: what reports call it."""

    name: Line
    host: Line | None = None
    port: int = Field(default=587, ge=1, le=65535)
    security: Literal["starttls", "tls", "none"] = "starttls"
    username: Line | None = None
    password_env: Line | None = None
    password_file: Path | None = None
    password_command: Command | None = None
    auth: Literal["password", "xoauth2", "oauthbearer"] = "password"
    ca_file: Path | None = None
    timeouts: TimeoutSettings = Field(default_factory=TimeoutSettings)
    connections: int = Field(default=8, ge=1, le=256)
    messages_per_connection: PositiveInt | None = None
    rate: RateField | None = None
    daily_limit: PositiveInt | None = None
    weight: int = Field(default=1, ge=1, le=1000)
    preset: Literal["microsoft365", "gmail", "ses", "postfix"] | None = None
    outbox: Path | None = None

    @model_validator(mode="before")
    @classmethod
    def _fill_in_preset(cls, data: Any) -> Any:  # noqa: ANN401 - whatever stood in the file
        return with_preset(data) if isinstance(data, dict) else data

    @model_validator(mode="after")
    def _one_way_out(self) -> Self:
        if (self.host is None) == (self.outbox is None):
            raise ValueError("needs either host, for an SMTP relay, or outbox, for a folder of .eml files")
        return self

    @model_validator(mode="after")
    def _one_secret(self) -> Self:
        ways = ("password_env", "password_file", "password_command")
        given = [way for way in ways if getattr(self, way)]
        if len(given) > 1:
            raise ValueError(f"{' and '.join(given)} are both set; one secret is enough")
        if bool(self.username) != bool(given):
            raise ValueError("username goes together with password_env, password_file or password_command")
        if self.auth != "password" and not self.username:
            raise ValueError(f'auth = "{self.auth}" needs a username')
        return self


class WebSettings(_Table):
    """Where the pages are reached."""

    url: WebUrl

    @field_validator("url")
    @classmethod
    def _can_be_continued(cls, value: str) -> str:
        if "?" in value or "#" in value:
            raise ValueError("the links of members are put behind it, so it can hold no ? and no #")
        return value


class DkimSettings(_Table):
    """What signs the mail: one key, and a second one of the other kind if wished."""

    domain: DnsName
    selector: DnsName
    key_file: Path
    ed25519_selector: DnsName | None = None
    ed25519_key_file: Path | None = None

    @model_validator(mode="after")
    def _second_key_is_whole(self) -> Self:
        if (self.ed25519_selector is None) != (self.ed25519_key_file is None):
            raise ValueError("ed25519_selector and ed25519_key_file go together")
        if self.selector == self.ed25519_selector:
            raise ValueError("selector and ed25519_selector must differ: each names one record in the DNS")
        return self


class FeedSettings(_Table):
    """One source of news."""

    name: Slug
    url: Source
    kind: Literal["feed", "pages"] = "feed"
    every: Duration = timedelta(hours=1)
    categories: tuple[Line, ...] = ()
    username: Line | None = None
    password_env: Line | None = None
    token_env: Line | None = None
    headers_env: dict[HeaderName, Line] = Field(default_factory=dict)

    @property
    def has_login(self) -> bool:
        """Whether its server wants to see more than our name."""
        return bool(self.password_env or self.token_env or self.headers_env)

    @model_validator(mode="after")
    def _one_login(self) -> Self:
        if bool(self.username) != bool(self.password_env):
            raise ValueError("username and password_env go together")
        if self.password_env and self.token_env:
            raise ValueError("password_env and token_env are both set; one login is enough")
        if self.has_login and not self.url.lower().startswith(("http://", "https://")):
            raise ValueError("a login goes with an http or https address only")
        return self


class FetchSettings(_Table):
    """What fetching may do."""

    allow: tuple[Line, ...] = ()


class PicturesSettings(_Table):
    """Which pictures of feeds and pages a digest may show: those of these hosts."""

    hosts: tuple[DnsName, ...] = ()


class BouncesSettings(_Table):
    """Where bounces arrive, and when an address is given up for soft ones."""

    url: BounceBox
    password_env: Line | None = None
    password_file: Path | None = None
    ca_file: Path | None = None
    soft_limit: PositiveInt = 4
    soft_days: PositiveInt = 60

    @model_validator(mode="after")
    def _one_password(self) -> Self:
        if self.password_env and self.password_file:
            raise ValueError("password_env and password_file are both set; one password is enough")
        return self


class RetentionSettings(_Table):
    """For how long personal data is kept; for ever where nothing is set.

    network_addresses: without it none are kept in the first place.
    """

    left: Duration | None = None
    bounces: Duration | None = None
    attempts: Duration | None = None
    network_addresses: Duration | None = None


class DatabaseSettings(_Table):
    """Where everything is kept."""

    url: Line = "sqlite:///newsletter.db"


class AudienceSettings(_Table):
    """One audience and what speaks for it."""

    title: Line
    feeds: tuple[Line, ...] = ()
    categories: tuple[Line, ...] = ()
    relevance: tuple[Line, ...] = ()
    words: tuple[Line, ...] = ()
    avoid: tuple[Line, ...] = ()
    unless: tuple[Line, ...] = ()


class SortingSettings(_Table):
    """What all audiences share."""

    statements: tuple[Line, ...] = ()
    title_weight: NonNegativeInt = 3
    relevance_weight: NonNegativeInt = 3
    category_weight: NonNegativeInt = 0
    summary_weight: NonNegativeInt = 1
    body_weight: NonNegativeInt = 1
    threshold: PositiveInt = 3
    forms: tuple[tuple[Line, ...], ...] = ()
    default: tuple[Slug, ...] = ()


class CalendarSettings(_Table):
    """Days from an iCalendar file or address: school terms, say. events: only those with such words."""

    url: Source
    events: tuple[Line, ...] = ()

    @field_validator("url", mode="before")
    @classmethod
    def _webcal(cls, value: Any) -> Any:  # noqa: ANN401 - whatever stood in the file
        """Take the scheme that calendar programs hand out for what it means."""
        return value.replace("webcal://", "https://", 1) if isinstance(value, str) else value


class NewsletterSettings(_Table):
    """One newsletter."""

    name: Slug
    title: Line | None = None
    audiences: tuple[Slug, ...] = Field(min_length=1)
    schedule: RecurrenceField = parse_recurrence("0 7 * * FRI")
    timezone: TimeZone = "Europe/London"
    exceptions: tuple[DaysField, ...] = ()
    on_exception: Literal["skip", "next", "previous"] = "skip"
    only_in: tuple[DaysField, ...] = ()
    language: Literal["en", "cy"] = "en"
    lead: Duration = timedelta(hours=24)
    approval: Literal["required", "automatic"] = "required"
    approvers: tuple[Line, ...] = ()
    approvals: PositiveInt = 1
    editors: tuple[MailboxField, ...] = ()
    remind: Duration = timedelta(hours=4)
    late_items: bool = True
    on_missed: Literal["send", "skip", "hold"] = "send"
    catch_up: Grace = timedelta(hours=6)
    min_items: PositiveInt = 1
    max_items: PositiveInt = 12
    max_per_feed: PositiveInt | None = None
    sections: tuple[Line, ...] = ()
    max_age: Duration = timedelta(days=30)
    template: Slug = "digest"
    subject: SubjectTemplate = "{headline}"
    purpose: Literal["service", "marketing"] = "service"
    on_unknown: Literal["hold", "resend"] = "hold"
    retry_for: Duration = timedelta(days=3)
    window: WindowField | None = None
    check_links: bool = False
    on_warning: Literal["show", "hold"] = "show"

    @model_validator(mode="after")
    def _enough_approvers(self) -> Self:
        names = Counter(map(name_key, self.approvers))
        if twice := [name for name in self.approvers if names[name_key(name)] > 1]:
            raise ValueError(f"names {twice[0]!r} twice among its approvers; one person counts once")
        if self.approvers and self.approvals > len(self.approvers):
            raise ValueError(f"asks for {self.approvals} approvals and has {len(names)} in its approvers")
        if self.approval == "automatic" and (self.approvers or self.approvals > 1):
            raise ValueError('has approval = "automatic", so approvers and approvals do nothing')
        return self

    @model_validator(mode="after")
    def _each_editor_once(self) -> Self:
        keys = Counter(editor.address.key for editor in self.editors)
        if twice := [it.address.text for it in self.editors if keys[it.address.key] > 1]:
            raise ValueError(f"names {twice[0]} twice among its editors; one mail is enough")
        return self

    @property
    def display_title(self) -> str:
        """The title, or the name where none is set."""
        return self.title or self.name.replace("-", " ").capitalize()


class Settings(_Table):
    """The whole file."""

    organisation: OrganisationSettings
    sender: SenderSettings
    smtp: tuple[SmtpSettings, ...] = Field(min_length=1)
    newsletters: tuple[NewsletterSettings, ...] = Field(min_length=1)
    feeds: tuple[FeedSettings, ...] = ()
    audiences: dict[Slug, AudienceSettings] = Field(default_factory=dict)
    calendars: dict[Slug, CalendarSettings] = Field(default_factory=dict)
    sorting: SortingSettings = Field(default_factory=SortingSettings)
    database: DatabaseSettings = Field(default_factory=DatabaseSettings)
    fetch: FetchSettings = Field(default_factory=FetchSettings)
    pictures: PicturesSettings = Field(default_factory=PicturesSettings)
    design: DesignSettings = Field(default_factory=DesignSettings)
    web: WebSettings | None = None
    dkim: DkimSettings | None = None
    bounces: BouncesSettings | None = None
    alerts: AlertsSettings = Field(default_factory=AlertsSettings)
    retention: RetentionSettings = Field(default_factory=RetentionSettings)

    @field_validator("smtp", mode="before")
    @classmethod
    def _one_or_several(cls, value: Any) -> Any:  # noqa: ANN401 - whatever stood in the file
        return (value,) if isinstance(value, dict) else value


__all__ = ["NewsletterSettings", "Rate", "Settings", "SmtpSettings"]
