"""Who is told when something needs a person: the table `alerts`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints, model_validator

from newsletter.config.fields import AddressField, Line


def checked_web_hook(value: str) -> str:
    """Return the address of a webhook; raises ValueError, which does not repeat it, as it may be a secret."""
    parts = urlsplit(value.strip())
    if parts.scheme not in ("http", "https") or not parts.hostname or any(map(str.isspace, value.strip())):
        raise ValueError('is no web address; write it as "https://chat.example.org/hooks/…"')
    try:
        parts.port  # noqa: B018 - which is read only now
    except ValueError:
        raise ValueError("names no port that there is") from None
    if "@" in parts.netloc:
        raise ValueError("holds a login; write token_env or token_file instead")
    return value.strip()


WebHook = Annotated[str, StringConstraints(min_length=1, max_length=2000), AfterValidator(checked_web_hook)]


class AlertsSettings(BaseModel):
    """Mail addresses, and a webhook, whose address may be secret, with a token where it wants one."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True, defer_build=True)

    to: tuple[AddressField, ...] = ()
    webhook: WebHook | None = None
    webhook_env: Line | None = None
    webhook_file: Path | None = None
    token_env: Line | None = None
    token_file: Path | None = None

    @property
    def has_webhook(self) -> bool:
        """Whether a webhook is told at all."""
        return bool(self.webhook or self.webhook_env or self.webhook_file)

    @property
    def channels(self) -> frozenset[Literal["mail", "webhook"]]:
        """By which ways people are told."""
        every: dict[Literal["mail", "webhook"], bool] = {"mail": bool(self.to), "webhook": self.has_webhook}
        return frozenset(name for name, wanted in every.items() if wanted)

    @model_validator(mode="after")
    def _one_of_each(self) -> Self:
        for ways in (("webhook", "webhook_env", "webhook_file"), ("token_env", "token_file")):
            given = [way for way in ways if getattr(self, way)]
            if len(given) > 1:
                raise ValueError(f"{' and '.join(given)} are both set; one is enough")
        if (self.token_env or self.token_file) and not self.has_webhook:
            raise ValueError("has a token and no webhook to show it to")
        return self
