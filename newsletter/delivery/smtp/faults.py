"""What went wrong while a connection was opened, in one line and with its cure."""

from __future__ import annotations

import re
import socket
import ssl
from collections.abc import Iterable

import aiosmtplib

from newsletter.delivery.replies import make_reply
from newsletter.delivery.types import Reply
from newsletter.delivery.wordings import asks_slower
from newsletter.errors import RelayBusy, RelayRejected, TransportError

#: Errors of the network, of aiosmtplib, and of host names that cannot be encoded for a look-up.
FORESEEN = (OSError, aiosmtplib.SMTPException, UnicodeError)

#: The first code of refusals for good, RFC 5321 §4.2.1.
PERMANENT = 500
_LATER = "the relay asks to try again later"
_LONG_WORD = re.compile(r"[\w+/=.~-]{12,}")


def explain(fault: Exception, place: str) -> TransportError:
    """Return our error for one of FORESEEN: RelayRejected where trying again would not help."""
    cause = fault.__cause__ if isinstance(fault.__cause__, OSError) else fault
    if isinstance(cause, ssl.SSLError):
        return _explain_tls(cause, place)
    if isinstance(cause, UnicodeError):
        return RelayRejected(f"{place}: not a host name: {cause}", hint="check host")
    if isinstance(fault, aiosmtplib.SMTPResponseException) and fault.code > 0:
        reply = _reply(fault)
        text = f"{place}: {reply}"
        if fault.code < PERMANENT:
            return _later(reply, text)
        return RelayRejected(text, hint="the relay does not want us: check host, port and security")
    return TransportError(f"{place}: {_why(cause)}", hint="check host and port, and that the relay runs")


def explain_login(
    refusal: aiosmtplib.SMTPAuthenticationError,
    place: str,
    username: str,
    secrets: Iterable[str],
    explanation: str = "",
) -> TransportError:
    """Return our error for a login that the relay refused; never with one of the secrets in it.

    explanation: what it said beside its reply, for a token.
    """
    # Before anything is cut: a part of a token that is left over would be a part too much.
    told = [secret for secret in secrets if secret]
    lines = [_without(line, told) for line in (*refusal.message.splitlines(), explanation)]
    reply = make_reply(refusal.code, lines)
    text = f"{place}: the login of {username!r} was refused: {reply}"
    if refusal.code < PERMANENT:  # 454 4.7.0, RFC 4954 §6: they cannot look the password up just now
        return _later(reply, text)
    return RelayRejected(
        text, hint="check username and what password_env, password_file or password_command gives"
    )


def _without(line: str, secrets: list[str]) -> str:
    """Return a relay's words without what we told it, nor a longer piece of that: some repeat it."""
    for secret in secrets:
        line = line.replace(secret, "…")
    return _LONG_WORD.sub(lambda word: "…" if any(word[0] in secret for secret in secrets) else word[0], line)


def _later(reply: Reply, text: str) -> TransportError:
    return (RelayBusy if asks_slower(reply) else TransportError)(text, hint=_LATER)


def _explain_tls(fault: ssl.SSLError, place: str) -> TransportError:
    if isinstance(fault, ssl.SSLCertVerificationError):
        return RelayRejected(
            f"{place}: its certificate is not to be trusted: {fault.verify_message}",
            hint="check host, which the certificate must name; ca_file is for a private authority",
        )
    return RelayRejected(
        f"{place}: TLS failed: {fault.reason or fault}",
        hint='port 465 usually wants security = "tls", ports 587 and 25 "starttls"',
    )


def _reply(fault: aiosmtplib.SMTPResponseException) -> Reply:
    return make_reply(fault.code, fault.message.splitlines())


def _why(fault: Exception) -> str:
    if isinstance(fault, socket.gaierror):
        return f"the name cannot be looked up: {fault.strerror}"
    if isinstance(fault, TimeoutError):
        return "no answer in time"
    if isinstance(fault, ConnectionRefusedError):
        return "nobody listens there: connection refused"
    if isinstance(fault, aiosmtplib.SMTPResponseException):
        return f"it does not speak SMTP: {fault.message[:100]!r}"
    if isinstance(fault, ConnectionError):
        return "the connection was lost before the relay was ready"
    return str(fault)
