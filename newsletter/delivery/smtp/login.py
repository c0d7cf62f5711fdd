"""Logging in to a relay (RFC 4954): passwords by PLAIN, LOGIN or CRAM-MD5, tokens by XOAUTH2 or OAUTHBEARER.

aiosmtplib has the first three, one at a time. Its own `login` tries all of them after a plain "wrong
password" too, which locks accounts, and reports the hang-up that follows in place of the refusal. Its XOAUTH2
drops the relay's explanation, which is all that tells an expired token from a missing permission.
"""

from __future__ import annotations

import base64
import binascii
import json

import aiosmtplib

from newsletter.delivery.replies import (
    C235_LOGGED_IN,
    C334_CHALLENGE,
    C504_PARAMETER_NOT_IMPLEMENTED,
    C534_MECHANISM_TOO_WEAK,
)
from newsletter.delivery.smtp.faults import explain_login
from newsletter.delivery.types import RelaySettings
from newsletter.errors import RelayRejected

#: In the order in which we try them.
_MECHANISMS = ("plain", "login", "cram-md5")
_OTHER_MECHANISM = frozenset({C504_PARAMETER_NOT_IMPLEMENTED, C534_MECHANISM_TOO_WEAK})


async def log_in(client: aiosmtplib.SMTP, relay: RelaySettings, secret: str, place: str) -> None:
    """Log in as the settings say; the connection is encrypted by now, or loopback.

    Raises RelayRejected where a person must cure it, TransportError where the relay could not tell just now;
    neither holds the secret, which some relays repeat.
    """
    username = relay.username or ""
    if relay.auth == "password":
        await _log_in_by_password(client, username, secret, place)
    else:
        await _log_in_by_token(client, relay, username, secret, place)


async def _log_in_by_password(client: aiosmtplib.SMTP, username: str, password: str, place: str) -> None:
    ways = {"plain": client.auth_plain, "login": client.auth_login, "cram-md5": client.auth_crammd5}
    refusal: aiosmtplib.SMTPAuthenticationError | None = None
    for mechanism in _MECHANISMS:
        if mechanism not in client.server_auth_methods:
            continue
        try:
            await ways[mechanism](username, password)
        except aiosmtplib.SMTPAuthenticationError as fault:
            refusal = fault
            if fault.code not in _OTHER_MECHANISM:
                break
        else:
            return
    if refusal is None:
        raise _no_way_in(client, place, "we know PLAIN, LOGIN and CRAM-MD5")
    secrets = (_base64(f"\0{username}\0{password}"), _base64(password), password)
    raise explain_login(refusal, place, username, secrets)


async def _log_in_by_token(
    client: aiosmtplib.SMTP, relay: RelaySettings, username: str, token: str, place: str
) -> None:
    mechanism = relay.auth
    if mechanism not in client.server_auth_methods:
        raise _no_way_in(client, place, f"the settings ask for {mechanism.upper()}")
    if not token or not token.isascii() or not token.isprintable() or " " in token:  # RFC 6750 §2.1
        raise RelayRejected(
            f"{place}: what is given as the token is none: it must be one word of ASCII",
            hint="look at what password_env, password_file or password_command gives",
        )
    said = _xoauth2(username, token) if mechanism == "xoauth2" else _oauthbearer(relay, username, token)
    answer = await client.execute_command(b"AUTH", mechanism.upper().encode(), said.encode())
    explanation = ""
    if answer.code == C334_CHALLENGE:
        # No challenge but the reason for a refusal, which follows when it is acknowledged: by an empty line
        # for XOAUTH2 (developers.google.com, "OAuth 2.0 Mechanism"), by ^A for OAUTHBEARER (RFC 7628 §3.2.3).
        explanation = _decoded(answer.message)
        answer = await client.execute_command(b"" if mechanism == "xoauth2" else base64.b64encode(b"\1"))
    if answer.code != C235_LOGGED_IN:
        refusal = aiosmtplib.SMTPAuthenticationError(answer.code, answer.message)
        raise explain_login(refusal, place, username, (said, _base64(token), token), explanation)


def _xoauth2(username: str, token: str) -> str:
    return _base64(f"user={username}\1auth=Bearer {token}\1\1")


def _oauthbearer(relay: RelaySettings, username: str, token: str) -> str:
    """Return the first message of RFC 7628 §3.1; the name as RFC 5801 §4 writes it."""
    name = username.replace("=", "=3D").replace(",", "=2C")
    return _base64(f"n,a={name},\1host={relay.host}\1port={relay.port}\1auth=Bearer {token}\1\1")


def _decoded(challenge: str) -> str:
    """Return the JSON of an explanation on one line; "" where it is none."""
    try:
        return json.dumps(json.loads(base64.b64decode(challenge, validate=True)), separators=(", ", ": "))
    except (binascii.Error, ValueError, RecursionError):
        return ""


def _no_way_in(client: aiosmtplib.SMTP, place: str, wanted: str) -> RelayRejected:
    offered = " ".join(client.server_auth_methods).upper() or "none"
    return RelayRejected(
        f"{place}: no way to log in: it offers {offered}, {wanted}",
        hint="take username out if the relay knows this machine by its address",
    )


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
