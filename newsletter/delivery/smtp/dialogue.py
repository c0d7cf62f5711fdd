"""A dialogue with a relay: one command and its answer, and when the connection is closed for good."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from newsletter.delivery.replies import C250_OK, C354_START_CONTENT, C421_CLOSING, MalformedReply
from newsletter.delivery.smtp.protocol import RelayProtocol
from newsletter.delivery.types import RelaySettings, Reply, Stage
from newsletter.errors import AnswerLost, TransportError

#: The first code that is a refusal, and the answer which each stage wants.
REFUSAL = 400
WANTED = {Stage.MAIL: C250_OK, Stage.RCPT: C250_OK, Stage.DATA: C354_START_CONTENT}
_GOODBYE_S = 2.0


class Pipelining:
    """What all links to a relay have found: whether it keeps up with commands that were written together.

    works: None until it answered what came with the end of a message; from then on a link that breaks says
    nothing about it.
    """

    def __init__(self) -> None:
        self.works: bool | None = None

    def suspect(self) -> None:
        """Ask for one step at a time from now on, where a relay that never kept up failed to answer."""
        if self.works is None:
            self.works = False


class Dialogue:
    """Commands and answers on one open connection. Whatever leaves it in doubt closes it."""

    def __init__(self, relay: RelaySettings, protocol: RelayProtocol, pipelining: Pipelining) -> None:
        self._relay = relay
        self._protocol = protocol
        self._pipelining = pipelining
        self._open = True

    async def _ask(self, command: bytes, stage: Stage) -> Reply:
        """Write a command and return its answer: a refusal, or the kind of yes that belongs to the stage."""
        with self._doubt(stage.upper()):
            if self._protocol.unasked:
                return self._farewell()
            self._protocol.write(command)
            return self._sensible(await self._next_reply(stage), stage)

    async def _next_reply(self, stage: Stage) -> Reply:
        if (reply := self._protocol.read_now()) is not None:
            return reply
        timeouts = self._relay.timeouts
        return await self._protocol.read(timeouts.data_s if stage is Stage.DATA else timeouts.command_s)

    @staticmethod
    def _sensible(reply: Reply, stage: Stage) -> Reply:
        if reply.code < REFUSAL and reply.code // 100 != WANTED[stage] // 100:
            raise MalformedReply(f"{reply} makes no sense there")
        return reply

    def _farewell(self) -> Reply:
        """Return the 421 with which the relay closed the link while we said nothing; all else is a fault."""
        reply = self._protocol.read_now()
        if reply is None or reply.code != C421_CLOSING:
            raise MalformedReply(f"{reply or 'half a reply'} came unasked")
        return reply

    async def _say_goodbye(self) -> None:
        with suppress(OSError, MalformedReply):  # a time-out is an OSError
            self._protocol.write(b"QUIT\r\n")
            await self._protocol.read(_GOODBYE_S)

    @contextmanager
    def _doubt(self, subject: str, *, together: bool = False) -> Iterator[None]:
        """Close the link for good whatever is raised inside; the foreseen faults become TransportError."""
        try:
            yield
        except (OSError, MalformedReply) as fault:  # a time-out is an OSError
            raise self._broken(fault, subject, TransportError, together=together) from None
        except BaseException:
            self._drop()
            raise

    def _broken(
        self, fault: Exception, subject: str, kind: type[AnswerLost | TransportError], *, together: bool
    ) -> AnswerLost | TransportError:
        """Close the link for good, and return what to tell about it.

        together: commands were written together, which may be the reason.
        """
        if together:
            self._pipelining.suspect()
        self._drop()
        if isinstance(fault, TimeoutError):
            return kind(f"{self._place}: no answer to {subject} in time")
        return kind(f"{self._place}: no usable answer to {subject}: {fault}")

    def _drop(self) -> None:
        self._open = False
        self._protocol.abort()

    @property
    def _place(self) -> str:
        return f"relay {self._relay.host}:{self._relay.port}"
