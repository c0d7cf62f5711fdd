"""What a DKIM signature (RSA, 2048 bits) on every message costs.

The same edition goes out unsigned and signed, taking turns, beside what this machine can do at best: bare RSA
signatures by the library that we use, and whole messages signed by dkimpy where it is installed. A rate per
core is that of one second of CPU time, start-up and sending included.
"""

from __future__ import annotations

import hashlib
import importlib.util
import shutil
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import contest
import rig
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa, utils
from results import Result, option, run_alone
from sinks import recording_sink, smtp_sink

#: Messages for each second of CPU.
TARGET = 2_000
KEY_BITS = 2048
SELECTOR, DOMAIN = "bench", "example.org"
BARE_S = 1.5
DKIMPY_MESSAGES = 200


@dataclass(frozen=True)
class Options:
    members: int = option(20_000, "messages in each round")
    connections: int = option(16, "connections of each program")
    rounds: int = option(3, "rounds; the middle one counts")


def run(options: Options) -> list[Result]:
    key = rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS)
    with rig.work_folder() as folder, smtp_sink(folder / "sink") as sink:
        plain, signed = folder / "plain", folder / "signed"
        rig.make_approved_edition(plain, options.members, sink.port, options.connections)
        shutil.copytree(plain, signed)
        sign_with(key, signed)
        refuse_unsigned(folder, signed)
        print(f"dkim: {options.members:,} messages, RSA {KEY_BITS}, {options.connections} connections")
        contenders = [contest.ours(plain, "unsigned"), contest.ours(signed, "signed")]
        standings = contest.compete(contenders, sink, options.members, options.rounds)
        message = rig.typical_message(plain).read_bytes()
    contest.tell(standings, "unsigned")
    print(f"  bare RSA signatures: {bare_rate(key):,.0f} a second on one core")
    print(f"  dkimpy: {dkimpy_rate(key, message)}")
    signed_run = standings["signed"].run
    per_core = options.members / signed_run.cpu_s
    return [
        Result("DKIM-signed messages a second of CPU", per_core, at_least=TARGET, digits=0),
        Result("DKIM-signed messages a second of time", standings["signed"].rate, digits=0),
    ]


def sign_with(key: rsa.RSAPrivateKey, project: Path) -> None:
    """Have a project sign its mail with this key."""
    path = project / "keys" / "dkim.pem"
    path.parent.mkdir()
    path.write_bytes(pem(key))
    path.chmod(0o600)
    table = f'\n[dkim]\ndomain = "{DOMAIN}"\nselector = "{SELECTOR}"\nkey_file = "keys/dkim.pem"\n'
    rig.change_settings(project, {}, table)


def pem(key: rsa.RSAPrivateKey) -> bytes:
    no_password = serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, no_password)


def refuse_unsigned(folder: Path, project: Path) -> None:
    """End us when a test message of the project leaves without a signature."""
    kept = folder / "kept"
    kept.mkdir()
    with recording_sink(folder / "judge", "--keep", str(kept)) as judge:
        environ = {"NEWSLETTER_SMTP__PORT": str(judge.port)}
        to = ["edition", "test", rig.EDITION, "--to", rig.member(0)]
        sent = rig.measure([rig.NEWSLETTER, "-C", project, *to], environ)
    messages = [path.read_bytes() for path in kept.iterdir()]
    if sent.code or not messages:
        sys.exit(f"edition test ended with {sent.code}, {len(messages)} messages came:\n{sent.stdout}")
    if not all(b"DKIM-Signature:" in message for message in messages):
        sys.exit("a message left unsigned, though [dkim] is set")


def bare_rate(key: rsa.RSAPrivateKey) -> float:
    """Return how many finished hashes one core signs in a second."""
    digest = hashlib.sha256(b"the head of a message").digest()
    hashed = utils.Prehashed(hashes.SHA256())
    signatures, began = 0, time.process_time()
    while (used := time.process_time() - began) < BARE_S:
        key.sign(digest, padding.PKCS1v15(), hashed)
        signatures += 1
    return signatures / used


def dkimpy_rate(key: rsa.RSAPrivateKey, message: bytes) -> str:
    """Return how fast dkimpy signs the same message, in words."""
    if importlib.util.find_spec("dkim") is None:
        return "not installed"
    import dkim

    private = pem_for_dkimpy(key)
    began = time.process_time()
    for _ in range(DKIMPY_MESSAGES):
        dkim.sign(
            message,
            SELECTOR.encode(),
            DOMAIN.encode(),
            private,
            canonicalize=(b"relaxed", b"relaxed"),
        )
    return f"{DKIMPY_MESSAGES / (time.process_time() - began):,.0f} messages a second on one core"


def pem_for_dkimpy(key: rsa.RSAPrivateKey) -> bytes:
    old = serialization.PrivateFormat.TraditionalOpenSSL
    return key.private_bytes(serialization.Encoding.PEM, old, serialization.NoEncryption())


if __name__ == "__main__":
    run_alone(__doc__, Options, run)
