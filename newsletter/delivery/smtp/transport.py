"""Opening a connection to a relay: TLS and login by aiosmtplib, which then lets go of it."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import ssl
from functools import cached_property
from typing import cast

import aiosmtplib

from newsletter.delivery.commands import read_extensions
from newsletter.delivery.smtp.dialogue import Pipelining
from newsletter.delivery.smtp.faults import FORESEEN, PERMANENT, explain
from newsletter.delivery.smtp.link import SmtpLink
from newsletter.delivery.smtp.login import log_in
from newsletter.delivery.smtp.protocol import RelayProtocol
from newsletter.delivery.types import Link, RelaySettings
from newsletter.errors import RelayRejected, TransportError


class SmtpTransport:
    """The way out through one relay; each `connect` opens another link to it."""

    def __init__(self, relay: RelaySettings, ehlo_name: str | None = None) -> None:
        self._relay = relay
        self._ehlo_name = ehlo_name or _own_name()
        self._asking = asyncio.Lock()
        self._pipelining = Pipelining()

    @property
    def name(self) -> str:
        """What reports call it."""
        return self._relay.name

    async def connect(self) -> Link:
        """Open a link, encrypted and logged in as the settings say.

        Raises RelayRejected for what a person must cure, TransportError for what may pass; nothing that
        belongs to the login leaves over a connection that is not encrypted, loopback excepted.
        """
        self._refuse_open_login()
        secret = await self._secret()
        client = self._make_client()
        try:
            await self._shake_hands(client, secret)
            return self._take_over(client)
        except BaseException as fault:
            await _hang_up(client)
            if isinstance(fault, TransportError) or not isinstance(fault, FORESEEN):
                raise
            # The text says it all, and a cause with the relay's own words may hold the login.
            raise explain(fault, self._place) from None

    def _refuse_open_login(self) -> None:
        relay = self._relay
        if relay.username is not None and relay.security == "none" and not _is_loopback(relay.host):
            raise RelayRejected(
                f"{self._place}: the login would cross the network unencrypted",
                hint='set security to "starttls" or "tls", or take username out',
            )

    def _make_client(self) -> aiosmtplib.SMTP:
        relay = self._relay
        try:
            return aiosmtplib.SMTP(
                hostname=relay.host,
                port=relay.port,
                local_hostname=self._ehlo_name,
                timeout=relay.timeouts.command_s,
                use_tls=relay.security == "tls",
                start_tls=False,  # asked for below, where its absence is ours to explain
                tls_context=None if relay.security == "none" else self._tls_context,
            )
        except ValueError as fault:
            raise RelayRejected(f"{self._place}: {fault}", hint="check host") from None

    @cached_property
    def _tls_context(self) -> ssl.SSLContext:
        """Checks certificate and host name; TLS 1.2 at least."""
        try:
            return ssl.create_default_context(cafile=self._relay.ca_file)
        except OSError as fault:  # ssl.SSLError is one
            raise RelayRejected(
                f"{self._place}: ca_file {self._relay.ca_file} cannot be read: {fault.strerror or fault}",
                hint="ca_file takes a PEM file with the certificates of the authorities to trust",
            ) from None

    async def _secret(self) -> str:
        password = self._relay.password
        if not callable(password):
            return password or ""
        async with self._asking:  # one after another: a password manager may have to ask a person
            return await asyncio.to_thread(password)

    async def _shake_hands(self, client: aiosmtplib.SMTP, secret: str) -> None:
        connect_s = self._relay.timeouts.connect_s
        await client.connect(timeout=connect_s)
        await _greet(client)
        if self._relay.security == "starttls":
            if not client.supports_extension("starttls"):
                raise RelayRejected(
                    f"{self._place}: the relay does not offer STARTTLS, so nothing was sent",
                    hint='port 465 usually wants security = "tls"; somebody on the way may have taken it out',
                )
            await client.starttls(timeout=connect_s)
            await _greet(client)
        if self._relay.username is not None:
            await log_in(client, self._relay, secret, self._place)

    def _take_over(self, client: aiosmtplib.SMTP) -> Link:
        """Make the connection ours: aiosmtplib hears nothing of it from here on, its end included."""
        if not client.is_connected:
            raise aiosmtplib.SMTPServerDisconnected("the connection was closed")
        transport = cast("asyncio.Transport", client.transport)  # after STARTTLS this is the encrypted one
        protocol = RelayProtocol(transport)
        transport.set_protocol(protocol)
        # So that the link knows whether the final dot has left: paused while anything waits to be written.
        transport.set_write_buffer_limits(high=1, low=0)  # with 0 and 0, TLS would pause when nothing waits
        # The final dot of a long message is a small write of its own; Nagle would hold it back for 40 ms.
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        extensions = read_extensions(client.esmtp_extensions)
        return SmtpLink(self._relay, protocol, extensions, self._pipelining)

    @property
    def _place(self) -> str:
        return f"relay {self._relay.host}:{self._relay.port}"


async def _greet(client: aiosmtplib.SMTP) -> None:
    """Say EHLO, or HELO to a relay that does not know it (RFC 5321 §3.2)."""
    try:
        await client.ehlo()
    except aiosmtplib.SMTPHeloError as refusal:
        if refusal.code < PERMANENT:
            raise
        await client.helo()


async def _hang_up(client: aiosmtplib.SMTP) -> None:
    transport = client.transport
    if transport is not None:
        cast("asyncio.Transport", transport).abort()
    client.close()
    await asyncio.sleep(0)  # lets asyncio close the socket before we report


def _own_name() -> str:
    """Return this machine's full name, or an address literal where it has none (RFC 5321 §4.1.4)."""
    name = socket.gethostname()
    return name if "." in name and name.isascii() else "[127.0.0.1]"


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
