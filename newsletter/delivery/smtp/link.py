"""Transactions on an open connection, one step at a time (RFC 5321 §3.3)."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from newsletter.delivery.commands import Extensions, content_blocks, mail_command, rcpt_command
from newsletter.delivery.replies import (
    C250_OK,
    C354_START_CONTENT,
    C421_CLOSING,
    C552_SIZE_EXCEEDED,
    C553_MAILBOX_NAME_NOT_ALLOWED,
    MalformedReply,
)
from newsletter.delivery.smtp.protocol import RelayProtocol
from newsletter.delivery.types import Envelope, Offer, RelaySettings, Reply, Stage
from newsletter.errors import TransportError

_REFUSAL = 400
_GOODBYE_S = 2.0
_WANTED = {Stage.MAIL: C250_OK, Stage.RCPT: C250_OK, Stage.DATA: C354_START_CONTENT}


class SmtpLink:
    """One open connection; see `Link` for what its methods promise."""

    def __init__(self, relay: RelaySettings, protocol: RelayProtocol, extensions: Extensions) -> None:
        self._relay = relay
        self._protocol = protocol
        self._extensions = extensions
        self._open = True
        self._awaits_content = False

    async def offer(self, envelope: Envelope) -> Offer:
        """Ask to hand over one message.

        A refusal leaves the link fit for the next envelope, but for 421: then it is closed. AddressError for
        an address that cannot stand in a command; it costs neither bytes nor link.
        """
        self._require(awaits_content=False)
        dialogue = {
            Stage.MAIL: mail_command(envelope, self._extensions),
            Stage.RCPT: rcpt_command(envelope),
            Stage.DATA: b"DATA\r\n",
        }
        if foreseen := self._foresee(envelope):
            return foreseen
        for stage, command in dialogue.items():
            reply = await self._ask(command, stage)
            if reply.code >= _REFUSAL:
                await self._reset(reply)
                return Offer(reply, stage)
        self._awaits_content = True
        return Offer(None)

    async def hand_over(self, content: bytes) -> Reply:
        """Write the content and return the answer. ValueError, and a closed link, for a bare CR or LF."""
        self._require(awaits_content=True)
        self._awaits_content = False
        with self._doubt("the content"):
            complete = await self._write(content)
            async with asyncio.timeout(self._relay.timeouts.answer_s):
                reply = await self._protocol.read()
            # An answer before the final dot can only be a refusal; 3xx, or acceptance of half, is neither.
            if reply.code // 100 not in ({2, 4, 5} if complete else {4, 5}):
                raise MalformedReply(f"{reply} makes no sense there")
        if not complete or reply.code == C421_CLOSING:
            self._drop()
        return reply

    async def close(self) -> None:
        """Say QUIT where the relay expects a command, and hang up."""
        try:
            if self._open and not self._awaits_content and not self._protocol.lost:
                await self._say_goodbye()
        finally:
            self._drop()
        await self._protocol.closed()

    async def _say_goodbye(self) -> None:
        with suppress(OSError, MalformedReply):  # a time-out is an OSError
            self._protocol.write(b"QUIT\r\n")
            async with asyncio.timeout(_GOODBYE_S):
                await self._protocol.read()

    def _foresee(self, envelope: Envelope) -> Offer | None:
        """Return the refusal that is certain from what the relay did not offer."""
        limit = self._extensions.size_limit_bytes
        if limit is not None and envelope.size_bytes > limit:
            text = f"not sent: {envelope.size_bytes} octets, and the relay takes {limit}"
            return Offer(Reply(C552_SIZE_EXCEEDED, text, "5.3.4"), Stage.MAIL)
        for address, stage in ((envelope.sender, Stage.MAIL), (envelope.recipient, Stage.RCPT)):
            if address.needs_smtputf8 and not self._extensions.smtputf8:
                text = "not sent: the address needs SMTPUTF8, which the relay does not offer"
                return Offer(Reply(C553_MAILBOX_NAME_NOT_ALLOWED, text, "5.6.7"), stage)
        return None

    async def _ask(self, command: bytes, stage: Stage) -> Reply:
        """Write a command and return its answer: a refusal, or the kind of yes that belongs to the stage."""
        timeouts = self._relay.timeouts
        with self._doubt(stage.upper()):
            if self._protocol.unasked:
                return self._farewell()
            self._protocol.write(command)
            async with asyncio.timeout(timeouts.data_s if stage is Stage.DATA else timeouts.command_s):
                reply = await self._protocol.read()
            if reply.code < _REFUSAL and reply.code // 100 != _WANTED[stage] // 100:
                raise MalformedReply(f"{reply} makes no sense there")
        return reply

    def _farewell(self) -> Reply:
        """Return the 421 with which the relay closed the link while we said nothing; all else is a fault."""
        reply = self._protocol.read_now()
        if reply is None or reply.code != C421_CLOSING:
            raise MalformedReply(f"{reply or 'half a reply'} came unasked")
        return reply

    async def _reset(self, refusal: Reply) -> None:
        """Make the link fit for the next envelope; where that fails it is closed, and the refusal stands."""
        if refusal.code == C421_CLOSING:
            self._drop()
            return
        with suppress(TransportError):
            if (await self._ask(b"RSET\r\n", Stage.MAIL)).code >= _REFUSAL:
                self._drop()

    async def _write(self, content: bytes) -> bool:
        """Write the content with its end; False when the relay spoke before the end was written."""
        for block in content_blocks(content):
            if self._protocol.unasked:
                return False
            self._protocol.write(block)
            async with asyncio.timeout(self._relay.timeouts.content_s):
                await self._protocol.drain()
        return True

    def _require(self, *, awaits_content: bool) -> None:
        if not self._open:
            raise TransportError(f"{self._place}: the link is closed")
        if awaits_content is not self._awaits_content:
            raise RuntimeError("offer and hand_over take turns")

    @contextmanager
    def _doubt(self, subject: str) -> Iterator[None]:
        """Close the link for good whatever is raised inside; the foreseen faults become TransportError."""
        try:
            yield
        except TimeoutError:
            self._drop()
            raise TransportError(f"{self._place}: no answer to {subject} in time") from None
        except (OSError, MalformedReply) as fault:
            self._drop()
            raise TransportError(f"{self._place}: no usable answer to {subject}: {fault}") from None
        except BaseException:
            self._drop()
            raise

    def _drop(self) -> None:
        self._open = False
        self._protocol.abort()

    @property
    def _place(self) -> str:
        return f"relay {self._relay.host}:{self._relay.port}"
