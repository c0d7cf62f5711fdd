"""What went wrong while a connection was opened, in one line and with its cure."""

from __future__ import annotations

import base64
import socket
import ssl

import aiosmtplib

from newsletter.delivery.replies import make_reply
from newsletter.delivery.types import RelayRejected
from newsletter.errors import TransportError

#: Errors of the network, of aiosmtplib, and of host names that cannot be encoded for a look-up.
FORESEEN = (OSError, aiosmtplib.SMTPException, UnicodeError)

#: The first code of refusals for good, RFC 5321 §4.2.1.
PERMANENT = 500
_LATER = "the relay asks to try again later"


def explain(fault: Exception, place: str) -> TransportError:
    """Return our error for one of FORESEEN: RelayRejected where trying again would not help."""
    cause = fault.__cause__ if isinstance(fault.__cause__, OSError) else fault
    if isinstance(cause, ssl.SSLError):
        return _explain_tls(cause, place)
    if isinstance(cause, UnicodeError):
        return RelayRejected(f"{place}: not a host name: {cause}", hint="check host")
    if isinstance(fault, aiosmtplib.SMTPResponseException) and fault.code > 0:
        text = f"{place}: {_words(fault)}"
        if fault.code < PERMANENT:
            return TransportError(text, hint=_LATER)
        return RelayRejected(text, hint="the relay does not want us: check host, port and security")
    return TransportError(f"{place}: {_why(cause)}", hint="check host and port, and that the relay runs")


def explain_login(
    refusal: aiosmtplib.SMTPAuthenticationError, place: str, username: str, password: str
) -> TransportError:
    """Return our error for a login that the relay refused; never with the secret in it."""
    said = _without_secrets(_words(refusal), username, password)
    text = f"{place}: the login of {username!r} was refused: {said}"
    if refusal.code < PERMANENT:  # 454 4.7.0, RFC 4954 §6: they cannot look the password up just now
        return TransportError(text, hint=_LATER)
    return RelayRejected(text, hint="check username and the secret that password_env or password_file names")


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


def _words(fault: aiosmtplib.SMTPResponseException) -> str:
    return str(make_reply(fault.code, fault.message.splitlines()))


def _without_secrets(text: str, username: str, password: str) -> str:
    """Return a relay's words without our login, which some of them repeat."""
    plain = f"\0{username}\0{password}".encode()
    shapes = [base64.b64encode(plain).decode(), base64.b64encode(password.encode()).decode(), password]
    for shape in filter(None, shapes):
        text = text.replace(shape, "…")
    return text


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
