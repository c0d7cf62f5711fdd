"""DKIM keys as files of a project: read, refused with a cure, and what `check` says about them."""

from __future__ import annotations

from datetime import UTC, datetime
from email import message_from_bytes, policy

import dkim
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from projects import load, small_settings, write_plain_templates

from newsletter.address import parse_address
from newsletter.config.fields import Mailbox
from newsletter.delivery.content import plain
from newsletter.errors import ConfigError
from newsletter.workflows.examine import examine
from newsletter.workflows.project import Project
from newsletter.workflows.signing import dkim_signer
from newsletter.workflows.staff_mail import StaffMail, compose_mail

KEYS = {
    "rsa.pem": rsa.generate_private_key(65537, 2048),
    "short.pem": rsa.generate_private_key(65537, 1024),
    "ed25519.pem": ed25519.Ed25519PrivateKey.generate(),
    "curve.pem": ec.generate_private_key(ec.SECP256R1()),
}
RSA = {"key_file": "keys/rsa.pem"}
SECOND = {"ed25519_selector": "news-ed", "ed25519_key_file": "keys/ed25519.pem"}


@pytest.fixture
def configured(tmp_path):
    """Load a project that has all kinds of keys, with some of them set under [dkim]."""
    folder = tmp_path / "keys"
    folder.mkdir()
    for name, key in KEYS.items():
        kind = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        (folder / name).write_bytes(key.private_bytes(*kind))
    (folder / "note.pem").write_text("not a key", "utf-8")

    def load_with(**settings):
        dkim = {"domain": "example.org", "selector": "news", **settings}
        return load(tmp_path, small_settings(dkim=dkim))

    return load_with


def test_project_without_keys_signs_nothing(tmp_path):
    assert dkim_signer(load(tmp_path)) is None


def test_keys_are_read_below_the_project_or_wherever_they_are(configured, tmp_path):
    below = dkim_signer(configured(**RSA, **SECOND))
    elsewhere = dkim_signer(configured(key_file=str(tmp_path / "keys" / "rsa.pem")))
    assert [(key.selector, key.rsa_bits) for key in below.keys] == [("news", 2048), ("news-ed", None)]
    assert below.keys[0].record_value == elsewhere.keys[0].record_value


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"key_file": "keys/none.pem"}, "dkim.key_file: {}/keys/none.pem cannot be read (No such file"),
        ({"key_file": "keys"}, "dkim.key_file: {}/keys cannot be read (Is a directory"),
        ({"key_file": "keys/note.pem"}, "dkim.key_file: {}/keys/note.pem is no private key in PEM form"),
        ({"key_file": "keys/curve.pem"}, "dkim.key_file: {}/keys/curve.pem is neither an RSA nor an Ed25519"),
        (
            {**SECOND, "key_file": "keys/ed25519.pem"},
            "dkim.key_file: {}/keys/ed25519.pem is an Ed25519 key, not",
        ),
        (
            {**RSA, **SECOND, "ed25519_key_file": "keys/short.pem"},
            "dkim.ed25519_key_file: {}/keys/short.pem is an RSA key, not Ed25519",
        ),
    ],
)
def test_key_that_cannot_be_used_is_told_with_place_and_cure(configured, tmp_path, settings, said):
    with pytest.raises(ConfigError) as fault:
        dkim_signer(configured(**settings))
    assert str(fault.value).startswith(said.format(tmp_path))
    assert "openssl gen" in fault.value.hint


def test_mail_to_staff_is_signed_with_its_attachments(configured):
    config = configured(**RSA, **SECOND)
    mail = StaffMail("Zu prüfen", "Grüße\n.\n", "<p>Grüße</p>\n", {"governors.html": "<p>café</p>\n"})
    to = Mailbox("Ann, Bell", parse_address("ann@example.org"))
    raw = plain(compose_mail(config, to, mail, datetime(2026, 1, 1, tzinfo=UTC)).content)
    dns = {f"{it.record_name('example.org')}.": it.record_value for it in dkim_signer(config).keys}
    for place in range(2):
        assert dkim.DKIM(raw).verify(place, dnsfunc=lambda name, timeout=5: dns[name.decode()].encode())
    read = message_from_bytes(raw, policy=policy.default)
    assert (read["To"], read["Subject"]) == ('"Ann, Bell" <ann@example.org>', "Zu prüfen")
    assert next(read.iter_attachments()).get_content() == "<p>café</p>\n"


def dkim_findings(config):
    write_plain_templates(config.folder)
    with Project(config) as project:
        found = examine(project, datetime(2026, 11, 27, tzinfo=UTC))
        return [(it.level, it.subject, it.text) for it in found if it.subject.startswith("dkim")]


def test_check_prints_the_records_to_publish(configured):
    config = configured(**RSA, **SECOND)
    first, second = dkim_findings(config)
    [rsa_key, ed25519_key] = dkim_signer(config).keys
    record = f"TXT record to publish: news._domainkey.example.org {rsa_key.record_value}"
    assert first == ("ok", "dkim news", f"RSA key of 2048 bits; {record}")
    assert second[:2] == ("ok", "dkim news-ed")
    assert second[2].endswith(f"news-ed._domainkey.example.org {ed25519_key.record_value}")


@pytest.mark.parametrize(
    ("settings", "level", "said"),
    [
        ({"key_file": "keys/short.pem"}, "note", "1024 bits are little for an RSA key"),
        ({"key_file": "keys/ed25519.pem"}, "note", "few receivers check Ed25519 yet"),
        ({**RSA, "domain": "example.net"}, "note", "mail from example.org is signed by example.net"),
        ({"key_file": "keys/none.pem"}, "fault", "keys/none.pem cannot be read"),
    ],
)
def test_check_says_what_is_wrong_with_a_key(configured, settings, level, said):
    level_found, _, text = dkim_findings(configured(**settings))[-1]
    assert level_found == level
    assert said in text


@pytest.mark.parametrize("domain", ["example.org", "news.example.org"])
def test_check_is_content_with_the_senders_domain_and_those_below_it(configured, domain):
    assert {level for level, _, _ in dkim_findings(configured(**RSA, domain=domain))} == {"ok"}
