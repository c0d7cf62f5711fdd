"""newsletter.toml and the environment -> `Config`."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from newsletter.audiences.types import AudienceRules, Sorting
from newsletter.config.design import faint_colours
from newsletter.config.environment import override
from newsletter.config.faults import likely, reference_faults, settings_faults
from newsletter.config.settings import NewsletterSettings, Settings, SmtpSettings
from newsletter.config.shipped import shipped_folder
from newsletter.errors import ConfigError, EditionError
from newsletter.feeds.types import FeedSource
from newsletter.render.design import Design
from newsletter.render.types import Organisation, Sender

CONFIG_NAME = "newsletter.toml"
_SQLITE = "sqlite:///"


@dataclass(frozen=True, slots=True)
class Config:
    """A project folder and its settings, checked."""

    folder: Path
    settings: Settings

    @property
    def organisation(self) -> Organisation:
        """Who stands in the footer."""
        given = self.settings.organisation
        return Organisation(given.name, given.address, given.url or "", self.settings.design.footer)

    @property
    def design(self) -> Design:
        """How mail looks."""
        return self.settings.design.design

    @property
    def sender(self) -> Sender:
        """Whom the mail is from."""
        given = self.settings.sender
        reply_to = given.reply_to or given.from_.address
        return Sender(
            given.from_.name or self.settings.organisation.name,
            given.from_.address.text,
            reply_to.text,
            (given.leave or reply_to).text,
        )

    @property
    def feeds(self) -> tuple[FeedSource, ...]:
        """The sources of news."""
        return tuple(
            FeedSource(
                feed.name, feed.url, feed.kind, int(feed.every.total_seconds()), categories=feed.categories
            )
            for feed in self.settings.feeds
        )

    @property
    def audiences(self) -> tuple[AudienceRules, ...]:
        """The audiences with their rules, in the order of the file."""
        return tuple(
            AudienceRules(slug=slug, **given.model_dump()) for slug, given in self.settings.audiences.items()
        )

    @property
    def sorting(self) -> Sorting:
        """What all audiences share."""
        return Sorting(**self.settings.sorting.model_dump())

    @property
    def relays(self) -> tuple[SmtpSettings, ...]:
        """The ways out."""
        return self.settings.smtp

    @property
    def database_url(self) -> str:
        """Where everything is kept; a relative SQLite path is below the project folder."""
        url = self.settings.database.url
        if url.startswith(_SQLITE) and not url.startswith(_SQLITE + "/"):
            return f"{_SQLITE}{self.folder / url.removeprefix(_SQLITE)}"
        return url

    @property
    def template_folders(self) -> tuple[Path, ...]:
        """Where templates are looked for, in this order: the project's, then the shipped ones."""
        return (self.folder / "templates", shipped_folder() / "templates")

    @property
    def user_agent(self) -> str:
        """How we name ourselves to the servers of feeds."""
        from newsletter import __version__  # noqa: PLC0415 - the package itself, known by then

        contact = self.settings.organisation.url or f"mailto:{self.sender.reply_to}"
        return f"newsletter/{__version__} (+{contact})"

    def newsletter(self, name: str) -> NewsletterSettings:
        """Return the newsletter of that name; raises EditionError with the likely one."""
        for newsletter in self.settings.newsletters:
            if newsletter.name == name:
                return newsletter
        names = [newsletter.name for newsletter in self.settings.newsletters]
        raise EditionError(
            f"there is no newsletter {name!r}{likely(name, names)}", hint=f"known: {', '.join(names)}"
        )


def load_config(folder: Path, environ: Mapping[str, str] = os.environ) -> Config:
    """Read the project in a folder; raises ConfigError with every fault at once."""
    path = folder / CONFIG_NAME
    data = _read(path)
    faults = override(data, environ)
    settings = None
    try:
        settings = Settings.model_validate(data)
    except ValidationError as error:
        faults += settings_faults(error, data)
    faults += [*reference_faults(data), *faint_colours(data.get("design", {}))]
    if faults or settings is None:
        count = "one fault" if len(faults) == 1 else f"{len(faults)} faults"
        raise ConfigError(f"{path} has {count}", faults, hint="every setting: docs/configuration.md")
    return Config(folder.resolve(), settings)


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8-sig"))
    except FileNotFoundError:
        raise ConfigError(
            f"no {CONFIG_NAME} in {path.parent.resolve()}", hint="make a project with: newsletter init DIR"
        ) from None
    except UnicodeDecodeError:
        raise ConfigError(f"{path} is not UTF-8 text", hint="save it as UTF-8") from None
    except RecursionError:
        raise ConfigError(
            f"{path} cannot be read: nested too deeply", hint="no setting is a list of lists"
        ) from None
    except tomllib.TOMLDecodeError as fault:
        is_double = str(fault).startswith(("Cannot overwrite", "Cannot declare"))
        hint = "it stands there twice; keep one of them" if is_double else 'texts stand in "quotes"'
        raise ConfigError(f"{path} cannot be read: {fault}", hint=hint) from None
    except OSError as fault:
        raise ConfigError(f"{path} cannot be read: {fault.strerror}") from None
