"""What may stand in newsletter.toml: one class for each table, with its defaults."""

from __future__ import annotations

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

from newsletter.config.fields import (
    AddressField,
    Duration,
    Line,
    MailboxField,
    Rate,
    RateField,
    Schedule,
    Slug,
    Source,
    TimeZone,
    WebUrl,
)


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)


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
    envelope_domain: Line | None = None


#: What a preset fills in; limits as the providers publish them.
PRESETS: dict[str, dict[str, Any]] = {
    # Exchange Online: 30 messages a minute, 10,000 recipients a day (service description, 2025).
    "microsoft365": {
        "host": "smtp.office365.com",
        "port": 587,
        "security": "starttls",
        "connections": 3,
        "rate": "30/minute",
        "daily_limit": 10_000,
    },
    # Google Workspace SMTP relay: 10,000 recipients a day for each user (administrator help, 2025).
    "gmail": {
        "host": "smtp-relay.gmail.com",
        "port": 587,
        "security": "starttls",
        "connections": 4,
        "daily_limit": 10_000,
    },
    # Amazon SES out of the sandbox: 14 a second to begin with (service quotas, 2025).
    "ses": {"port": 587, "security": "starttls", "connections": 8, "rate": "14/second"},
    "postfix": {"host": "localhost", "port": 25, "security": "none", "connections": 16},
}


class SmtpSettings(_Table):
    """One way out: an SMTP relay, or a folder for `.eml` files."""

    host: Line | None = None
    port: int = Field(default=587, ge=1, le=65535)
    security: Literal["starttls", "tls", "none"] = "starttls"
    username: Line | None = None
    password_env: Line | None = None
    password_file: Path | None = None
    ca_file: Path | None = None
    connections: int = Field(default=8, ge=1, le=256)
    rate: RateField | None = None
    daily_limit: PositiveInt | None = None
    preset: Literal["microsoft365", "gmail", "ses", "postfix"] | None = None
    outbox: Path | None = None

    @model_validator(mode="before")
    @classmethod
    def _fill_in_preset(cls, data: Any) -> Any:  # noqa: ANN401 - whatever stood in the file
        preset = data.get("preset") if isinstance(data, dict) else None
        return {**PRESETS[preset], **data} if isinstance(preset, str) and preset in PRESETS else data

    @model_validator(mode="after")
    def _one_way_out(self) -> Self:
        if (self.host is None) == (self.outbox is None):
            raise ValueError("needs either host, for an SMTP relay, or outbox, for a folder of .eml files")
        if self.password_env and self.password_file:
            raise ValueError("password_env and password_file are both set; one secret is enough")
        if bool(self.username) != bool(self.password_env or self.password_file):
            raise ValueError("username goes together with password_env or password_file")
        return self

    @property
    def name(self) -> str:
        """What reports call it."""
        return f"{self.host}:{self.port}" if self.host else f"outbox {self.outbox}"


class WebSettings(_Table):
    """Where the pages are reached."""

    url: WebUrl


class DkimSettings(_Table):
    """What signs the mail."""

    domain: Line
    selector: Line
    key_file: Path


class FeedSettings(_Table):
    """One source of news."""

    name: Slug
    url: Source
    kind: Literal["feed", "pages"] = "feed"
    every: Duration = timedelta(hours=1)


class FetchSettings(_Table):
    """What fetching may do."""

    allow: tuple[Line, ...] = ()


class BouncesSettings(_Table):
    """Where bounces arrive."""

    url: Line


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


class SortingSettings(_Table):
    """What all audiences share."""

    statements: tuple[Line, ...] = ()
    title_weight: NonNegativeInt = 3
    body_weight: NonNegativeInt = 1
    threshold: PositiveInt = 3
    default: tuple[Slug, ...] = ()


class NewsletterSettings(_Table):
    """One newsletter."""

    name: Slug
    title: Line | None = None
    audiences: tuple[Slug, ...] = Field(min_length=1)
    schedule: Schedule = "0 7 * * FRI"
    timezone: TimeZone = "Europe/London"
    language: Literal["en", "cy"] = "en"
    lead: Duration = timedelta(hours=24)
    approval: Literal["required", "automatic"] = "required"
    on_missed: Literal["send", "skip", "hold"] = "send"
    catch_up: Duration = timedelta(hours=6)
    min_items: PositiveInt = 1
    max_items: PositiveInt = 12
    max_age: Duration = timedelta(days=30)
    template: Slug = "digest"
    purpose: Literal["service", "marketing"] = "service"
    on_unknown: Literal["hold", "resend"] = "hold"

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
    sorting: SortingSettings = SortingSettings()
    database: DatabaseSettings = DatabaseSettings()
    fetch: FetchSettings = FetchSettings()
    web: WebSettings | None = None
    dkim: DkimSettings | None = None
    bounces: BouncesSettings | None = None

    @field_validator("smtp", mode="before")
    @classmethod
    def _one_or_several(cls, value: Any) -> Any:  # noqa: ANN401 - whatever stood in the file
        return (value,) if isinstance(value, dict) else value


__all__ = ["NewsletterSettings", "Rate", "Settings", "SmtpSettings"]
