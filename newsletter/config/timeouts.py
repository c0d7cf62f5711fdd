"""How long a relay may take: the table `timeouts` of a relay."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict

from newsletter.config.fields import Duration
from newsletter.delivery.types import Timeouts

_DEFAULTS = Timeouts()


def _no_less_than_a_second(value: timedelta) -> timedelta:
    if value < timedelta(seconds=1):
        raise ValueError("no relay answers in no time; the least is a second")
    return value


Wait = Annotated[Duration, AfterValidator(_no_less_than_a_second)]


class TimeoutSettings(BaseModel):
    """See `newsletter.delivery.types.Timeouts`."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    connect: Wait = timedelta(seconds=_DEFAULTS.connect_s)
    command: Wait = timedelta(seconds=_DEFAULTS.command_s)
    data: Wait = timedelta(seconds=_DEFAULTS.data_s)
    content: Wait = timedelta(seconds=_DEFAULTS.content_s)
    answer: Wait = timedelta(seconds=_DEFAULTS.answer_s)

    @property
    def seconds(self) -> Timeouts:
        """The same as a transport takes them."""
        return Timeouts(
            connect_s=self.connect.total_seconds(),
            command_s=self.command.total_seconds(),
            data_s=self.data.total_seconds(),
            content_s=self.content.total_seconds(),
            answer_s=self.answer.total_seconds(),
        )
