"""Opening a connection: tokens, secrets that are asked for, and relays that are busy."""

from __future__ import annotations

import asyncio
import base64
import ssl
from typing import NamedTuple

import pytest
import trustme
from aiosmtpd.smtp import SMTP, AuthResult
from relays import EXTENSIONS, USUAL, ScriptedRelay, login_of, refuses

from newsletter.delivery.smtp import SmtpTransport
from newsletter.delivery.types import RelaySettings
from newsletter.errors import RelayBusy, RelayRejected, TransportError
from newsletter.workflows.loop import run_in_loop

TOKEN = "ya29.a0AfH6SM-" + "x" * 60
EXPIRED = '{"status":"401","schemes":"bearer","scope":"https://mail.example.org/"}'


def connect(relay_settings: RelaySettings, times: int = 1) -> None:
    async def run():
        transport = SmtpTransport(relay_settings)
        for link in await asyncio.gather(*(transport.connect() for _ in range(times))):
            await link.close()

    run_in_loop(run())


def settings(relay: ScriptedRelay, **others) -> RelaySettings:
    return RelaySettings("main", "127.0.0.1", relay.port, others.pop("security", "none"), "news", **others)


# --- tokens, with a real server


class TokenRelay:
    """Takes one token; to any other it explains itself before it refuses, and writes down what came."""

    def __init__(self, explanation: str = EXPIRED) -> None:
        self.said: list[bytes] = []
        self.acknowledged: list[bytes] = []
        self._explanation = explanation

    async def auth_XOAUTH2(self, server, args):  # noqa: N802 - aiosmtpd's term
        said = base64.b64decode(args[1])
        self.said.append(said)
        if TOKEN.encode() in said:
            return AuthResult(success=True, auth_data=said)
        self.acknowledged.append(await server.challenge_auth(self._explanation))
        await server.push(f"535 5.7.3 Authentication unsuccessful for {args[1]}")
        return AuthResult(success=False, handled=True)

    auth_OAUTHBEARER = auth_XOAUTH2  # noqa: N815


def log_in(relay: TokenRelay, **others) -> None:
    async def run():
        server = await asyncio.get_running_loop().create_server(
            lambda: SMTP(relay, hostname="relay.test", auth_require_tls=False), "127.0.0.1", 0
        )
        async with server:
            port = server.sockets[0].getsockname()[1]
            link = await SmtpTransport(RelaySettings("real", "127.0.0.1", port, "none", **others)).connect()
            await link.close()

    run_in_loop(run())


@pytest.mark.parametrize(
    ("auth", "said"),
    [
        ("xoauth2", f"user=news@example.org\1auth=Bearer {TOKEN}\1\1"),
        ("oauthbearer", f"n,a=news@example.org,\1host=127.0.0.1\1port=%d\1auth=Bearer {TOKEN}\1\1"),
    ],
)
def test_token_opens_the_connection(auth, said):
    relay = TokenRelay()
    log_in(relay, username="news@example.org", password=TOKEN, auth=auth)
    start, _, end = said.encode().partition(b"%d")
    assert relay.said[0].startswith(start)
    assert relay.said[0].endswith(end)
    assert relay.acknowledged == []


@pytest.mark.parametrize(("auth", "acknowledged"), [("xoauth2", b""), ("oauthbearer", b"\1")])
def test_refused_token_is_acknowledged_and_its_reason_decoded(auth, acknowledged):
    relay = TokenRelay()
    with pytest.raises(RelayRejected) as caught:
        log_in(relay, username="news@example.org", password="old-" + "y" * 40, auth=auth)
    assert relay.acknowledged == [acknowledged]
    assert '535 5.7.3 Authentication unsuccessful for … {"status": "401"' in str(caught.value)
    assert "https://mail.example.org/" in str(caught.value)
    assert "yyyy" not in repr(caught.value)
    assert "password_command" in caught.value.hint


@pytest.mark.parametrize("explanation", ["not JSON", "", "[" * 5_000, '"\u202eold\\u0000"'])
def test_explanation_that_explains_nothing(explanation):
    with pytest.raises(RelayRejected, match=r"535 5\.7\.3") as caught:
        log_in(TokenRelay(explanation), username="news", password="old", auth="xoauth2")
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("token", ["", "two words", "line\nbreak", "caf\u00e9", "a\1b"])
def test_what_is_no_token_is_not_sent(token):
    relay = TokenRelay()
    with pytest.raises(RelayRejected, match="one word of ASCII"):
        log_in(relay, username="news", password=token, auth="xoauth2")
    assert relay.said == []


def test_token_is_never_tried_as_a_password():
    with (
        ScriptedRelay(extensions=["AUTH PLAIN LOGIN"]) as relay,
        pytest.raises(RelayRejected, match="it offers PLAIN LOGIN, the settings ask for XOAUTH2"),
    ):
        connect(settings(relay, password=TOKEN, auth="xoauth2"))
    assert "AUTH" not in relay.commands


def test_relay_that_repeats_a_part_of_a_long_token():
    token = "a1b2c3d4" * 300
    echo = base64.b64encode(f"user=news\1auth=Bearer {token}\1\1".encode())
    script = {"AUTH": b"535-5.7.8 %s\r\n535 5.7.8 %s\r\n" % (echo[:900], echo[900:1800])}
    with ScriptedRelay(script, extensions=["AUTH XOAUTH2"]) as relay, pytest.raises(RelayRejected) as caught:
        connect(settings(relay, password=token, auth="xoauth2"))
    assert "535 5.7.8 … …" in str(caught.value)


# --- secrets that are asked for


def test_secret_is_asked_for_each_connection_one_after_another():
    secrets = iter(["first", "second", "third"])
    asked = 0

    def next_secret() -> str:
        nonlocal asked
        asked += 1
        assert asked == 1, "two at once"
        try:
            return next(secrets)
        finally:
            asked -= 1

    with ScriptedRelay(extensions=["AUTH PLAIN"]) as relay:
        connect(settings(relay, password=next_secret), times=3)
    lines = [line for line in relay.lines if line.startswith("AUTH")]
    assert sorted(login_of(line)[1] for line in lines) == ["first", "second", "third"]


def test_secret_that_cannot_be_had_costs_no_connection():
    def fails() -> str:
        raise TransportError("smtp.password_command: pass failed with exit code 1")

    with ScriptedRelay() as relay, pytest.raises(TransportError, match="exit code 1"):
        connect(settings(relay, password=fails))
    assert relay.connections == 0


# --- nothing of the secret in the clear


class Certificates(NamedTuple):
    ca_file: str
    server: ssl.SSLContext


@pytest.fixture(scope="module")
def certificates(tmp_path_factory) -> Certificates:
    authority = trustme.CA()
    ca_file = tmp_path_factory.mktemp("tls") / "ca.pem"
    authority.cert_pem.write_to_path(ca_file)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(server)
    return Certificates(str(ca_file), server)


@pytest.mark.parametrize("auth", ["password", "xoauth2", "oauthbearer"])
def test_secret_goes_over_tls_only(certificates, auth):
    extensions = [*EXTENSIONS, "STARTTLS", "AUTH PLAIN XOAUTH2 OAUTHBEARER"]
    with ScriptedRelay(extensions=extensions, tls=certificates.server) as relay:
        connect(settings(relay, password=TOKEN, auth=auth, security="starttls", ca_file=certificates.ca_file))
    assert relay.commands.count("AUTH") == 1
    assert b"AUTH" not in relay.clear


@pytest.mark.parametrize("auth", ["password", "xoauth2"])
def test_stripped_starttls_means_that_no_secret_leaves(auth):
    with (
        ScriptedRelay(extensions=["AUTH PLAIN XOAUTH2"]) as relay,
        pytest.raises(RelayRejected, match="does not offer STARTTLS"),
    ):
        connect(settings(relay, password=TOKEN, auth=auth, security="starttls"))
    assert relay.commands == ["EHLO"]


def test_what_is_said_before_tls_does_not_count_after_it(certificates):
    # RFC 3207 §6: somebody on the way adds an answer of his own behind the relay's.
    script = {"STARTTLS": b"220 2.0.0 go ahead\r\n250-relay.test\r\n250 AUTH XOAUTH2\r\n"}
    with ScriptedRelay(
        script, extensions=[*EXTENSIONS, "STARTTLS", "AUTH PLAIN"], tls=certificates.server
    ) as relay:
        connect(settings(relay, password=TOKEN, security="starttls", ca_file=certificates.ca_file))
    assert relay.commands == ["EHLO", "STARTTLS", "EHLO", "AUTH", "QUIT"]
    assert next(line for line in relay.lines if line.startswith("AUTH")).startswith("AUTH PLAIN ")


# --- relays that ask for less


@pytest.mark.parametrize(
    ("verb", "reply", "kind"),
    [
        ("CONNECT", "421 4.7.0 relay.test Error: too many connections from 192.0.2.1", RelayBusy),
        ("CONNECT", "421 4.3.2 The maximum number of concurrent server connections is reached", RelayBusy),
        ("CONNECT", "450 4.7.1 not so fast", RelayBusy),
        ("AUTH", "454 4.7.0 cannot look it up", RelayBusy),
        ("AUTH", "432 4.3.2 concurrent connections limit exceeded", RelayBusy),
        ("AUTH", "432 4.7.12 a password transition is needed", TransportError),
        ("CONNECT", "451 4.3.0 out of order", TransportError),
        ("CONNECT", "554 5.7.1 we do not know you", RelayRejected),
    ],
)
def test_busy_relay_is_told_from_a_broken_one(verb, reply, kind):
    with (
        ScriptedRelay(refuses(verb, reply), extensions=["AUTH PLAIN"]) as relay,
        pytest.raises(TransportError, match=reply[:9]) as caught,
    ):
        connect(settings(relay, password="secret"))
    assert type(caught.value) is kind


def test_busy_relay_can_be_opened_later():
    with ScriptedRelay({"CONNECT": [b"421 4.7.0 too many\r\n", USUAL]}, extensions=["AUTH PLAIN"]) as relay:
        with pytest.raises(RelayBusy):
            connect(settings(relay, password="secret"))
        connect(settings(relay, password="secret"))
