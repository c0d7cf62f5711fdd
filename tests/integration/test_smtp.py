"""The SMTP transport against relays that do their work and relays that do not."""

from __future__ import annotations

import asyncio
import datetime as dt
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import NamedTuple

import pytest
import trustme
from aiosmtpd.smtp import SMTP, AuthResult
from fixtures.patience import PATIENT
from relays import (
    EXTENSIONS,
    HELD,
    SILENCE,
    THEN_DEAF,
    THEN_HANG_UP,
    USUAL,
    ScriptedRelay,
    closing,
    drop_after_connect,
    drop_after_ehlo,
    drop_after_final_dot,
    drop_after_mail,
    drop_in_content,
    end_silences,
    half_a_reply,
    huge_reply,
    login_of,
    never_answers,
    nonsense,
    refuses,
)

from newsletter.address import Address
from newsletter.delivery.content import checked_content
from newsletter.delivery.smtp import SmtpTransport
from newsletter.delivery.types import Envelope, Offer, RelaySettings, Reply, Stage, Timeouts
from newsletter.errors import AddressError, AnswerLost, RelayBusy, RelayRejected, TransportError
from newsletter.workflows.loop import run_in_loop

#: For handshakes that have to end in a time-out; with all others the defaults hold, so that a busy machine
#: fails no test.
HASTY = Timeouts(connect_s=0.3, command_s=0.3)
MESSAGE = b"Subject: News\r\n\r\n.Hello\r\n"
LONG_MESSAGE = MESSAGE + b"and so on, for ever and ever, to the end of the page\r\n" * 250_000
CONTENT, LONG_CONTENT = checked_content(MESSAGE), checked_content(LONG_MESSAGE)
SECRET = "correct horse"
SIZE_BYTES = len(CONTENT)
STEP_BY_STEP = tuple(word for word in EXTENSIONS if word != "PIPELINING")


def settings(relay, security="none", **others) -> RelaySettings:
    others = {"host": "127.0.0.1", "timeouts": PATIENT, **others}
    return RelaySettings("main", others.pop("host"), relay.port, security, **others)


def envelope(recipient="anna@example.org", sender="news@example.org", size_bytes=SIZE_BYTES) -> Envelope:
    return Envelope(Address(sender, sender), Address(recipient, recipient), size_bytes)


def over(relay_settings: RelaySettings, scenario: Callable[..., Awaitable]):
    """Run a scenario with an open link, and return what it returns; the link is closed whatever happens."""

    async def run():
        link = await SmtpTransport(relay_settings).connect()
        try:
            return await scenario(link)
        finally:
            await link.close()

    return run_in_loop(run())


def connect(relay_settings: RelaySettings) -> None:
    async def nothing(link):
        pass

    over(relay_settings, nothing)


async def send(link, recipient="anna@example.org", content=CONTENT) -> Reply:
    offer = await link.offer(envelope(recipient, size_bytes=len(content)))
    return offer.reply or await link.hand_over(content)


async def noticed(link) -> None:
    """Return when what the relay said or did unasked has come to the link."""
    while not (link._protocol.unasked or link._protocol.lost):
        await asyncio.sleep(0.001)


@pytest.fixture(autouse=True)
def silences_end(monkeypatch):
    end_silences(monkeypatch)


# --- the dialogue as it should be


@pytest.mark.parametrize("extensions", [EXTENSIONS, STEP_BY_STEP], ids=["pipelined", "step by step"])
def test_dialogue_with_one_message_after_the_other(extensions):
    async def scenario(link):
        return [await send(link, "anna@example.org"), await send(link, "bert@example.org")]

    with ScriptedRelay(extensions=extensions) as relay:
        replies = over(settings(relay), scenario)
    assert replies == [Reply(250, "taken", "2.0.0")] * 2
    assert relay.commands == ["EHLO", *["MAIL", "RCPT", "DATA"] * 2, "QUIT"]
    assert relay.lines[1:3] == [
        f"MAIL FROM:<news@example.org> SIZE={len(CONTENT)}",
        "RCPT TO:<anna@example.org>",
    ]
    assert [message.recipient for message in relay.messages] == ["anna@example.org", "bert@example.org"]
    assert relay.messages[0].content == MESSAGE


def test_relay_without_extensions_is_asked_for_none():
    with ScriptedRelay(extensions=()) as relay:
        assert over(settings(relay), send).code == 250
    assert relay.lines[1] == "MAIL FROM:<news@example.org>"


def test_relay_that_knows_only_helo():
    with ScriptedRelay(refuses("EHLO", "502 5.5.1 what?")) as relay:
        assert over(settings(relay), send).code == 250
    assert relay.commands[:2] == ["EHLO", "HELO"]


def test_smtputf8_is_used_where_an_address_needs_it():
    async def scenario(link):
        return [await send(link, "renée@example.org"), await send(link)]

    with ScriptedRelay() as relay:
        over(settings(relay), scenario)
    assert [line.endswith(" SMTPUTF8") for line in relay.lines if line.startswith("MAIL")] == [True, False]
    assert relay.messages[0].recipient == "renée@example.org"


def test_slow_acceptance_is_still_acceptance():
    with ScriptedRelay({".": b"250-2.0.0 still\r\n250-2.0.0 looking\r\n250 2.0.0 fine\r\n"}) as relay:
        assert over(settings(relay), send) == Reply(250, "still looking fine", "2.0.0")


def test_content_of_many_blocks_arrives_whole():
    async def scenario(link):
        return await send(link, content=LONG_CONTENT)

    with ScriptedRelay(extensions=()) as relay:
        assert over(settings(relay), scenario).code == 250
    assert relay.messages[0].content == LONG_MESSAGE


# --- refusals, after which the link goes on


@pytest.mark.parametrize(
    ("verb", "stage", "text"),
    [
        ("MAIL", Stage.MAIL, "550 5.7.1 we do not know you"),
        ("MAIL", Stage.MAIL, "451 4.3.0 busy"),
        ("RCPT", Stage.RCPT, "550 5.1.1 no such user"),
        ("RCPT", Stage.RCPT, "450 4.2.0 greylisted"),
        ("DATA", Stage.DATA, "554 5.5.1 no valid recipients"),  # 354 refused though RCPT was accepted
        ("DATA", Stage.DATA, "451 4.3.0 not now"),
    ],
)
def test_refused_offer_is_reset_and_the_link_goes_on(verb, stage, text):
    async def scenario(link):
        return await link.offer(envelope()), await send(link, "bert@example.org")

    with ScriptedRelay({verb: [text.encode() + b"\r\n", USUAL]}) as relay:
        offer, after = over(settings(relay), scenario)
    assert (str(offer.reply), offer.stage) == (text, stage)
    assert after.code == 250
    assert relay.commands.count("RSET") == 1
    assert relay.connections == 1


def test_refused_content_is_an_answer_and_the_link_goes_on():
    async def scenario(link):
        return [str(await send(link)), str(await send(link))]

    with ScriptedRelay({".": [b"554 5.7.1 looks like spam\r\n", USUAL]}) as relay:
        assert over(settings(relay), scenario) == ["554 5.7.1 looks like spam", "250 2.0.0 taken"]
    assert relay.connections == 1


@pytest.mark.parametrize(
    "script",
    [
        {"RCPT": b"550 5.1.1 no\r\n", "RSET": b"502 5.5.1 what?\r\n"},
        {"RCPT": b"550 5.1.1 no\r\n", "RSET": b"250-2.0" + THEN_HANG_UP},
        {"RCPT": b"550 5.1.1 no\r\n", "RSET": SILENCE},
        {"RCPT": b"550 5.1.1 no\r\n" + THEN_HANG_UP},
    ],
)
def test_refusal_stands_though_the_link_fails_after_it(script):
    async def scenario(link):
        offer = await link.offer(envelope())
        with pytest.raises(TransportError, match="closed"):
            await link.offer(envelope())
        return offer

    with ScriptedRelay(script) as relay:
        assert over(settings(relay), scenario) == Offer(Reply(550, "no", "5.1.1"), Stage.RCPT)


# --- refusals that we know beforehand: nothing goes on the wire


@pytest.mark.parametrize(
    ("extensions", "asked", "code", "status", "stage"),
    [
        (["SIZE 1000"], envelope(size_bytes=1001), 552, "5.3.4", Stage.MAIL),
        (["SIZE 1000"], envelope("renée@example.org"), 553, "5.6.7", Stage.RCPT),
        ([], envelope(sender="bücher@example.org"), 553, "5.6.7", Stage.MAIL),
    ],
)
def test_certain_refusal_costs_no_byte(extensions, asked, code, status, stage):
    async def scenario(link):
        return await link.offer(asked), await send(link)

    with ScriptedRelay(extensions=extensions) as relay:
        offer, after = over(settings(relay), scenario)
    assert (offer.reply.code, offer.reply.status, offer.stage) == (code, status, stage)
    assert offer.reply.text.startswith("not sent:")
    assert after.code == 250
    assert relay.commands == ["EHLO", "MAIL", "RCPT", "DATA", "QUIT"]


@pytest.mark.parametrize("address", ["a@b\r\nDATA", "a@b>\r\nRCPT TO:<c@d", "a\0@b", "a@b> SIZE=1"])
def test_address_with_a_second_command_in_it_costs_no_byte(address):
    async def scenario(link):
        for asked in (envelope(address), envelope(sender=address)):
            with pytest.raises(AddressError):
                await link.offer(asked)
        return await send(link)

    with ScriptedRelay() as relay:
        assert over(settings(relay), scenario).code == 250
    assert relay.commands == ["EHLO", "MAIL", "RCPT", "DATA", "QUIT"]


# --- faults of the link


@pytest.mark.parametrize("verb", ["MAIL", "RCPT", "DATA", "."])
@pytest.mark.parametrize("fault", [never_answers, half_a_reply, huge_reply, nonsense])
def test_answer_that_makes_no_sense_closes_the_link_for_good(fault, verb):
    async def scenario(link):
        with pytest.raises(AnswerLost if verb == "." else TransportError) as caught:
            await send(link)
        with pytest.raises(TransportError, match="the link is closed"):
            await link.offer(envelope())
        return str(caught.value)

    with ScriptedRelay(fault(verb)) as relay:
        text = over(settings(relay), scenario)
    assert f"127.0.0.1:{relay.port}" in text
    assert {".": "the content"}.get(verb, verb) in text
    assert "anna" not in text
    assert len(relay.messages) == (verb == ".")
    assert "QUIT" not in relay.commands


@pytest.mark.parametrize(
    ("script", "taken"),
    [
        (drop_after_mail(), False),
        (drop_after_final_dot(), True),
        ({"RCPT": b"354 too early\r\n"}, False),
        ({"DATA": b"250 no, go on\r\n"}, False),
        ({".": b"354 more?\r\n"}, True),
    ],
)
@pytest.mark.parametrize("extensions", [EXTENSIONS, STEP_BY_STEP], ids=["pipelined", "step by step"])
def test_broken_transaction_is_in_doubt_only_after_the_content(extensions, script, taken):
    async def scenario(link):
        with pytest.raises(AnswerLost if taken else TransportError):
            await send(link)

    with ScriptedRelay(script, extensions=extensions) as relay:
        over(settings(relay), scenario)
    assert len(relay.messages) == taken


@pytest.mark.parametrize(
    "script",
    [
        drop_in_content(),
        {"BODY": b"250 2.0.0 half of it is enough\r\n" + THEN_DEAF},
        {"BODY": THEN_DEAF},
    ],
)
def test_content_that_does_not_get_through_is_a_transport_error(script):
    async def scenario(link):
        await link.offer(envelope())
        with pytest.raises(TransportError, match="the content"):
            await link.hand_over(LONG_CONTENT)

    with ScriptedRelay(script) as relay:
        over(settings(relay), scenario)
    assert relay.messages == []


@pytest.mark.parametrize(
    ("verb", "stage"), [("MAIL", Stage.MAIL), ("RCPT", Stage.RCPT), ("DATA", Stage.DATA)]
)
def test_421_in_an_offer_is_the_answer_and_closes_the_link(verb, stage):
    async def scenario(link):
        offer = await link.offer(envelope())
        with pytest.raises(TransportError, match="the link is closed"):
            await link.offer(envelope())
        return offer

    with ScriptedRelay(closing(verb)) as relay:
        assert over(settings(relay), scenario) == Offer(Reply(421, "shutting down", "4.3.2"), stage)
    assert "RSET" not in relay.commands


@pytest.mark.parametrize("verb", ["BODY", "."])
def test_421_to_the_content_is_the_answer_and_closes_the_link(verb):
    async def scenario(link):
        reply = await send(link, content=LONG_CONTENT)
        with pytest.raises(TransportError, match="the link is closed"):
            await link.offer(envelope())
        return reply

    with ScriptedRelay(closing(verb)) as relay:
        assert over(settings(relay), scenario) == Reply(421, "shutting down", "4.3.2")


def test_refusal_before_the_content_ended_is_the_answer():
    async def scenario(link):
        return await send(link, content=LONG_CONTENT)

    with ScriptedRelay({"BODY": b"552 5.3.4 too much\r\n" + THEN_DEAF}) as relay:
        assert over(settings(relay), scenario) == Reply(552, "too much", "5.3.4")
    assert relay.messages == []


def test_farewell_while_idle_is_noticed_at_the_next_offer():
    async def scenario(link):
        await send(link)
        relay.hang_up_idle(b"421 4.4.2 idle too long\r\n")
        await noticed(link)
        return await link.offer(envelope())

    with ScriptedRelay() as relay:
        offer = over(settings(relay), scenario)
    assert offer == Offer(Reply(421, "idle too long", "4.4.2"), Stage.MAIL)


@pytest.mark.parametrize("unasked", [b"250 2.0.0 by the way\r\n", b"250-half", b"250 ok\r\n" * 100])
def test_link_that_speaks_unasked_is_not_used_again(unasked):
    async def scenario(link):
        await send(link)
        relay.say(unasked)
        await noticed(link)
        with pytest.raises(TransportError):
            await link.offer(envelope())

    with ScriptedRelay() as relay:
        over(settings(relay), scenario)
    assert relay.commands.count("MAIL") == 1


@pytest.mark.parametrize("verb", ["MAIL", "RCPT", "DATA"])
@pytest.mark.parametrize("extensions", [EXTENSIONS, STEP_BY_STEP], ids=["pipelined", "step by step"])
def test_two_answers_to_one_command_are_noticed_before_the_content(extensions, verb):
    async def scenario(link):
        with pytest.raises(TransportError, match=r"unasked|makes no sense"):
            await send(link)

    answer = b"354 go on\r\n" if verb == "DATA" else b"250 fine\r\n"
    with ScriptedRelay({verb: answer * 2}, extensions=extensions) as relay:
        over(settings(relay), scenario)
    assert relay.messages == []


def test_dropped_idle_link_is_a_transport_error():
    async def scenario(link):
        relay.hang_up_idle()
        await noticed(link)
        with pytest.raises(TransportError):
            await link.offer(envelope())

    with ScriptedRelay() as relay:
        over(settings(relay), scenario)


def test_cancelled_send_closes_the_link():
    async def scenario(link):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await send(link)
        with pytest.raises(TransportError, match="the link is closed"):
            await link.offer(envelope())

    with ScriptedRelay({"RCPT": HELD}) as relay:
        over(settings(relay), scenario)


def test_closing_between_offer_and_content_sends_nothing_that_could_be_content():
    async def scenario(link):
        await link.offer(envelope())

    with ScriptedRelay() as relay:
        over(settings(relay), scenario)
    assert relay.messages == []
    assert relay.commands[-1] == "DATA"


@pytest.mark.parametrize("script", [never_answers("QUIT"), half_a_reply("QUIT"), nonsense("QUIT")])
def test_close_does_not_fail_with_the_relay(script, monkeypatch):
    monkeypatch.setattr("newsletter.delivery.smtp.dialogue._GOODBYE_S", 0.1)
    with ScriptedRelay(script) as relay:
        assert over(settings(relay), send).code == 250


# --- opening a link


@pytest.mark.parametrize(
    ("script", "kind", "text"),
    [
        (drop_after_connect(), TransportError, "connection was lost"),
        (drop_after_ehlo(), TransportError, "connection was lost"),
        (never_answers("CONNECT"), TransportError, "no answer in time"),
        (never_answers("EHLO"), TransportError, "no answer in time"),
        (closing("CONNECT"), RelayBusy, "421 4.3.2 shutting down"),
        (closing("EHLO"), RelayBusy, "421 4.3.2 shutting down"),
        (refuses("CONNECT", "554 5.7.1 not you"), RelayRejected, "554 5.7.1 not you"),
        ({"EHLO": b"550 no\r\n", "HELO": b"550 5.7.1 no\r\n"}, RelayRejected, "550 5.7.1 no"),
        (nonsense("CONNECT"), TransportError, "does not speak SMTP"),
        (huge_reply("EHLO"), TransportError, "does not speak SMTP"),
        (half_a_reply("EHLO"), TransportError, "connection was lost"),
    ],
)
def test_handshake_that_fails_is_one_clear_line(script, kind, text):
    timeouts = HASTY if SILENCE in script.values() else PATIENT
    with ScriptedRelay(script) as relay, pytest.raises(TransportError) as caught:
        connect(settings(relay, timeouts=timeouts))
    assert type(caught.value) is kind
    assert str(caught.value).startswith(f"relay 127.0.0.1:{relay.port}: ")
    assert text in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.hint


@pytest.mark.parametrize(
    ("host", "kind"),
    [("relay.invalid", TransportError), ("a..b", RelayRejected), ("x" * 64 + ".test", RelayRejected)],
)
def test_host_that_does_not_exist(host, kind):
    with pytest.raises(kind) as caught:
        connect(RelaySettings("main", host, 25, "none"))
    assert host in str(caught.value)
    assert caught.value.hint


# --- TLS and login


class Certificates(NamedTuple):
    """A private authority, and server contexts with certificates of it."""

    ca_file: str
    good: ssl.SSLContext
    expired: ssl.SSLContext
    other_name: ssl.SSLContext


@pytest.fixture(scope="module")
def certificates(tmp_path_factory) -> Certificates:
    authority = trustme.CA()
    ca_file = tmp_path_factory.mktemp("tls") / "ca.pem"
    authority.cert_pem.write_to_path(ca_file)

    def context(*names: str, not_after: dt.datetime | None = None) -> ssl.SSLContext:
        made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(*names, not_after=not_after).configure_cert(made)
        return made

    yesterday = dt.datetime.now(dt.UTC) - dt.timedelta(days=1)
    return Certificates(
        str(ca_file),
        context("127.0.0.1", "localhost"),
        context("127.0.0.1", not_after=yesterday),
        context("other.example.org"),
    )


WITH_STARTTLS = (*EXTENSIONS, "STARTTLS", "AUTH PLAIN LOGIN")


def encrypted(relay, certificates, security="starttls", **others) -> RelaySettings:
    return settings(
        relay,
        security,
        username="news",
        password=SECRET,
        ca_file=certificates.ca_file,
        **others,
    )


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_login_goes_over_tls(certificates, security):
    with ScriptedRelay(
        extensions=WITH_STARTTLS, tls=certificates.good, implicit_tls=security == "tls"
    ) as relay:
        assert over(encrypted(relay, certificates, security), send).code == 250
    auth = next(line for line in relay.lines if line.startswith("AUTH"))
    assert login_of(auth) == ("news", SECRET)
    assert b"AUTH PLAIN" not in relay.clear
    assert b"MAIL" not in relay.clear


@pytest.mark.parametrize("fault", ["expired", "other_name", "unknown authority"])
@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_bad_certificate_is_refused_before_the_login(certificates, security, fault):
    tls = getattr(certificates, fault, certificates.good)
    with ScriptedRelay(extensions=WITH_STARTTLS, tls=tls, implicit_tls=security == "tls") as relay:
        wanted = encrypted(relay, certificates, security)
        if fault == "unknown authority":
            wanted = settings(relay, security, username="news", password=SECRET)
        with pytest.raises(RelayRejected, match="certificate is not to be trusted") as caught:
            connect(wanted)
    assert "ca_file" in caught.value.hint
    assert b"AUTH" not in relay.clear
    assert "AUTH" not in relay.commands


@pytest.mark.parametrize("script", [{}, refuses("STARTTLS", "454 4.7.0 not now")])
def test_no_starttls_means_no_login_and_no_mail(certificates, script):
    extensions = WITH_STARTTLS if script else (*EXTENSIONS, "AUTH PLAIN")
    with ScriptedRelay(script, extensions=extensions) as relay, pytest.raises(TransportError) as caught:
        connect(encrypted(relay, certificates))
    assert isinstance(caught.value, RelayRejected) is (not script)
    assert set(relay.commands) <= {"EHLO", "STARTTLS"}


def test_tls_to_a_relay_that_speaks_plain_text(certificates):
    with ScriptedRelay() as relay, pytest.raises(TransportError) as caught:
        connect(encrypted(relay, certificates, "tls"))
    assert caught.value.hint


def test_login_without_tls_is_refused_before_connecting():
    with ScriptedRelay(extensions=(*EXTENSIONS, "AUTH PLAIN")) as relay:
        with pytest.raises(RelayRejected, match="unencrypted"):
            connect(settings(relay, host="relay.example.org", username="news", password=SECRET))
        assert relay.connections == 0
        assert over(settings(relay, username="news", password=SECRET), send).code == 250  # loopback may


@pytest.mark.parametrize(
    ("script", "kind", "tries"),
    [
        (refuses("AUTH", "535 5.7.8 wrong"), RelayRejected, 1),
        ({"AUTH": b"535 5.7.8 wrong\r\n" + THEN_HANG_UP}, RelayRejected, 1),
        (refuses("AUTH", "504 5.5.4 not that way"), RelayRejected, 2),
        (refuses("AUTH", "454 4.7.0 cannot look it up"), RelayBusy, 1),
    ],
)
def test_refused_login_names_host_reply_and_cure(script, kind, tries):
    with (
        ScriptedRelay(script, extensions=["AUTH PLAIN LOGIN"]) as relay,
        pytest.raises(TransportError) as caught,
    ):
        connect(settings(relay, username="news", password=SECRET))
    assert type(caught.value) is kind
    assert f"relay 127.0.0.1:{relay.port}" in str(caught.value)
    assert script["AUTH"].removesuffix(THEN_HANG_UP).decode().strip() in str(caught.value)
    assert ("password_env" in caught.value.hint) is (kind is RelayRejected)
    assert relay.commands.count("AUTH") == tries


def test_login_by_the_second_mechanism():
    script = {"AUTH": [b"504 5.5.4 no\r\n", b"334 UGFzc3dvcmQ6\r\n"]}
    with ScriptedRelay(script, extensions=["AUTH PLAIN LOGIN"]) as relay:
        assert over(settings(relay, username="news", password=SECRET), send).code == 250
    assert [line.split()[1] for line in relay.lines if line.startswith("AUTH")] == ["PLAIN", "LOGIN"]


@pytest.mark.parametrize("offered", [(), ("AUTH XOAUTH2",)])
def test_relay_without_a_login_that_we_know(offered):
    with ScriptedRelay(extensions=offered) as relay, pytest.raises(RelayRejected, match="no way to log in"):
        connect(settings(relay, username="news", password=SECRET))


def test_secret_is_not_repeated_where_the_relay_repeats_it():
    with ScriptedRelay(extensions=["AUTH PLAIN"]) as relay:
        over(settings(relay, username="news", password=SECRET), send)
        line = next(line for line in relay.lines if line.startswith("AUTH"))
    script = refuses("AUTH", f"535 5.7.8 wrong: {line} {SECRET}")
    with ScriptedRelay(script, extensions=["AUTH PLAIN"]) as relay, pytest.raises(RelayRejected) as caught:
        connect(settings(relay, username="news", password=SECRET))
    assert "wrong: AUTH PLAIN … …" in str(caught.value)
    assert SECRET not in repr(caught.value.__cause__) + repr(caught.value)


@pytest.mark.parametrize("content", [None, "not a certificate"])
def test_ca_file_that_cannot_be_read(tmp_path: Path, content):
    path = tmp_path / "ca.pem"
    if content:
        path.write_text(content)
    with ScriptedRelay() as relay, pytest.raises(RelayRejected, match=r"ca\.pem cannot be read"):
        connect(settings(relay, "starttls", ca_file=str(path)))
    assert relay.connections == 0


# --- a real server


def test_real_server_with_starttls_and_login(certificates):
    received = []

    class Handler:
        async def handle_DATA(self, server, session, envelope):  # noqa: N802 - aiosmtpd's term
            received.append((session.ssl is not None, session.auth_data.login, envelope.original_content))
            return "250 2.0.0 taken"

    def authenticate(server, session, envelope, mechanism, login):
        return AuthResult(success=login.password == SECRET.encode(), handled=False, auth_data=login)

    def answer() -> SMTP:
        return SMTP(
            Handler(),
            hostname="relay.test",
            tls_context=certificates.good,
            require_starttls=True,
            auth_required=True,
            authenticator=authenticate,
        )

    async def scenario(password):
        server = await asyncio.get_running_loop().create_server(answer, "127.0.0.1", 0)
        async with server:
            relay = RelaySettings(
                "real",
                "127.0.0.1",
                server.sockets[0].getsockname()[1],
                "starttls",
                "news",
                password,
                certificates.ca_file,
            )
            link = await SmtpTransport(relay).connect()
            reply = await send(link)
            await link.close()
            return reply

    assert run_in_loop(scenario(SECRET)).code == 250
    assert received == [(True, b"news", MESSAGE)]
    with pytest.raises(RelayRejected, match=r"535 5\.7\.8"):
        run_in_loop(scenario("wrong"))
