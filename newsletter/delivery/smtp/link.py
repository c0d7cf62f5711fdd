"""Transactions on an open connection (RFC 5321 §3.3), pipelined where the relay can do it (RFC 2920)."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress

from newsletter.delivery.commands import Extensions, commands, content_blocks, foreseen_refusal
from newsletter.delivery.content import Content
from newsletter.delivery.replies import (
    C421_CLOSING,
    C503_BAD_SEQUENCE,
    MalformedReply,
)
from newsletter.delivery.smtp.dialogue import REFUSAL, WANTED, Dialogue, Pipelining
from newsletter.delivery.smtp.protocol import RelayProtocol
from newsletter.delivery.types import Envelope, Offer, RelaySettings, Reply, Stage
from newsletter.errors import AddressError, AnswerLost, TransportError

_WELCOME = Offer(None)
#: First digits of what may answer the whole of a content, and a part of it.
_ANSWERS, _REFUSALS = frozenset({2, 4, 5}), frozenset({4, 5})


class SmtpLink(Dialogue):
    """One open connection; see `Link` for what its methods promise."""

    def __init__(
        self,
        relay: RelaySettings,
        protocol: RelayProtocol,
        extensions: Extensions,
        pipelining: Pipelining,
    ) -> None:
        super().__init__(relay, protocol, pipelining)
        self._extensions = extensions
        self._awaits_content = False
        #: Asked for together with the end of the message before; its answers are still to be read.
        self._ahead: Envelope | None = None

    @property
    def eight_bit(self) -> bool:
        """Whether the relay offered 8BITMIME (RFC 6152)."""
        return self._extensions.eight_bit

    @property
    def _pipelines(self) -> bool:
        return self._extensions.pipelining and self._pipelining.works is not False

    async def offer(self, envelope: Envelope) -> Offer:
        """Ask to hand over one message, or read the answers where that was asked ahead.

        A refusal leaves the link fit for the next envelope, but for 421: then it is closed. AddressError for
        an address that cannot stand in a command; it costs neither bytes nor link.
        """
        self._require(awaits_content=False)
        if self._ahead is not None:
            if self._ahead is not envelope:
                raise RuntimeError("another envelope was asked for ahead")
            self._ahead = None
            if self._protocol.take(2, 2, 3):  # all said yes in one breath with the answer before, as most do
                self._awaits_content = self._pipelining.works = True
                return _WELCOME
            offer = await self._answers()
            self._pipelining.works = True
            return offer
        dialogue = commands(envelope, self._extensions)
        if foreseen := foreseen_refusal(envelope, self._extensions):
            return foreseen
        if not self._pipelines:
            return await self._step_by_step(dialogue)
        with self._doubt(Stage.MAIL.upper()):
            if self._protocol.unasked:
                return await self._refused(self._farewell(), Stage.MAIL)
            self._protocol.write(b"".join(dialogue))
        return await self._answers()

    async def hand_over(self, content: Content, following: Envelope | None = None) -> Reply:
        """Write the content, and what asks for the following message behind it; return the answer."""
        self._require(awaits_content=True)
        self._awaits_content = False
        ahead = self._commands_ahead(following)
        blocks = content_blocks(content, ahead)
        try:
            reply = await self._exchange(blocks, ahead)
        except (OSError, MalformedReply) as fault:  # a time-out is an OSError
            kind: type[AnswerLost | TransportError] = TransportError
            if self._end_has_left(blocks, ahead):
                kind = AnswerLost
            raise self._broken(fault, "the content", kind, together=bool(ahead)) from None
        except BaseException:
            self._drop()
            raise
        if reply.code == C421_CLOSING or not self._end_has_left(blocks, ahead):
            self._drop()
        elif ahead:
            self._ahead = following
        return reply

    async def keep_alive(self) -> None:
        """Say NOOP, so that the relay does not hang up on a silent link; raises TransportError."""
        self._require(awaits_content=False)
        if self._ahead is None and (await self._ask(b"NOOP\r\n", Stage.MAIL)).code >= REFUSAL:
            self._drop()

    async def close(self) -> None:
        """Say QUIT where the relay expects a command, and hang up."""
        try:
            if self._open and not (self._awaits_content or self._ahead or self._protocol.lost):
                await self._say_goodbye()
        finally:
            self._drop()
        await self._protocol.closed()

    def _commands_ahead(self, following: Envelope | None) -> bytes:
        """Return what may follow the end of a message at once (RFC 2920 §3.1), nothing where nothing may."""
        if following is None or not self._pipelines or foreseen_refusal(following, self._extensions):
            return b""
        try:
            return b"".join(commands(following, self._extensions))
        except AddressError:  # `offer` says so when it is asked
            return b""

    async def _step_by_step(self, dialogue: Iterable[bytes]) -> Offer:
        for stage, command in zip(WANTED, dialogue, strict=True):
            reply = await self._ask(command, stage)
            if reply.code >= REFUSAL:
                return await self._refused(reply, stage)
        self._awaits_content = True
        return _WELCOME

    async def _answers(self) -> Offer:
        """Read the answers to MAIL, RCPT and DATA that were written together.

        The first refusal counts, and stands though the link should break after it.
        """
        refusal: Offer | None = None
        try:
            with self._doubt("MAIL, RCPT and DATA", together=True):
                for stage in WANTED:
                    reply = self._sensible(await self._next_reply(stage), stage)
                    if reply.code >= REFUSAL:
                        refusal = refusal or self._believed(reply, stage)
                        if reply.code == C421_CLOSING:
                            self._drop()
                            return refusal
                if self._protocol.unasked:
                    raise MalformedReply(f"{self._protocol.read_now() or 'half a reply'} came unasked")
        except TransportError:
            if refusal is None:
                raise
            return refusal
        if refusal is None:
            self._awaits_content = True
            return _WELCOME
        if reply.code < REFUSAL:  # it waits for the content of a message to nobody (RFC 2920 §3.1)
            await self._end_nothing()
        elif refusal.reply:
            await self._reset(refusal.reply)
        return refusal

    def _believed(self, refusal: Reply, stage: Stage) -> Offer:
        """Return the first refusal among answers, unless it may mean that they were written together."""
        if refusal.code == C503_BAD_SEQUENCE and self._pipelining.works is None:
            raise MalformedReply(f"{refusal}, where the order was right")
        return Offer(refusal, stage)

    async def _end_nothing(self) -> None:
        """End a message without recipients; a relay that accepts it is not to be trusted further."""
        with suppress(TransportError), self._doubt("the end of nothing"):
            self._protocol.write(b".\r\n")
            if (await self._protocol.read(self._relay.timeouts.answer_s)).code < REFUSAL:
                self._drop()

    async def _refused(self, reply: Reply, stage: Stage) -> Offer:
        await self._reset(reply)
        return Offer(reply, stage)

    async def _reset(self, refusal: Reply) -> None:
        """Make the link fit for the next envelope; where that fails it is closed, and the refusal stands."""
        if refusal.code == C421_CLOSING:
            self._drop()
            return
        with suppress(TransportError):
            if (await self._ask(b"RSET\r\n", Stage.MAIL)).code >= REFUSAL:
                self._drop()

    async def _exchange(self, blocks: list[bytes], ahead: bytes) -> Reply:
        """Write the blocks, taking those that are written off the list, and read the answer.

        Stops writing when the relay speaks before the end.
        """
        while blocks and not self._protocol.unasked:
            self._protocol.write(blocks[0])
            del blocks[0]  # now that the system has it, or it waits in line
            if not self._protocol.all_left:
                await self._protocol.drain(self._relay.timeouts.content_s)
        reply = await self._protocol.read(self._relay.timeouts.answer_s)
        # An answer before the final dot can only be a refusal; 3xx, or acceptance of half, is neither.
        if reply.code // 100 not in (_ANSWERS if self._end_has_left(blocks, ahead) else _REFUSALS):
            raise MalformedReply(f"{reply} makes no sense there")
        return reply

    def _end_has_left(self, blocks: list[bytes], ahead: bytes) -> bool:
        """Tell whether the final dot may have left us. What waits behind it in `ahead` hides that."""
        return not blocks and (bool(ahead) or self._protocol.all_left)

    def _require(self, *, awaits_content: bool) -> None:
        if not self._open:
            raise TransportError(f"{self._place}: the link is closed")
        if awaits_content is not self._awaits_content:
            raise RuntimeError("offer and hand_over take turns")
