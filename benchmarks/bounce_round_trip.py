"""Bounces come home from real servers: our mail through Postfix to mailboxes that are not there, and back.

Postfix takes every message and only then looks which mailboxes it has. Its reports go to the signed envelope
senders, which all land in one Maildir. Copies of the project collect them, off disk and through Dovecot by
IMAP and POP3. Each time exactly the members without a mailbox may be suppressed, and a second collection may
find nothing. Needs postfix, dovecot-imapd and dovecot-pop3d of Debian, and root.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import relays
import rig
from results import Result, exactly, option, run_alone

SENDERS, MEMBERS = "bounces.example.org", rig.member(0).partition("@")[2]
#: Who owns the mailboxes.
OWNER, OWNER_ID = "nobody", 65534
PASSWORD_ENV, PASSWORD = "NEWSLETTER_BOUNCES_PASSWORD", "for-a-minute"
ARRIVAL_S = 300
MAIN_CF = """\
virtual_mailbox_domains = {members}, {senders}
virtual_mailbox_base = {mail}
virtual_mailbox_maps = texthash:{mailboxes}
virtual_uid_maps = static:{owner}
virtual_gid_maps = static:{owner}
virtual_minimum_uid = 1
smtpd_reject_unlisted_recipient = no
"""
MASTER_CF = "virtual unix - n n - - virtual\n"
DOVECOT_CONF = """\
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
protocols = imap pop3
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
first_valid_uid = 1
service imap-login {{
  inet_listener imap {{
    port = {imap}
  }}
}}
service pop3-login {{
  inet_listener pop3 {{
    port = {pop}
  }}
}}
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={owner} gid={owner} home={box}
}}
mail_location = maildir:{box}
"""


@dataclass(frozen=True)
class Options:
    members: int = option(200, "messages")
    every: int = option(5, "one member in so many has no mailbox")


def run(options: Options) -> list[Result]:
    people = [rig.member(number) for number in range(options.members)]
    gone = set(people[:: options.every])
    with rig.work_folder() as folder:
        box = folder / "mail" / "bounces"
        with postfix(folder, [it for it in people if it not in gone]) as port:
            send(folder / "project", options.members, port)
            waited_s = wait_for_bounces(box, len(gone))
        print(
            f"bounces: {len(gone)} reports of Postfix for {options.members} messages, after {waited_s:.1f} s"
        )
        shutil.copytree(box, untouched := folder / "untouched")  # Dovecot marks what was read by POP3
        results = collect(folder / "project", "maildir", f"maildir:{untouched}", gone)
        with dovecot(folder / "dovecot", box) as ports:
            for scheme, port in ports.items():
                url = f"{scheme}://bounces@{rig.LOOPBACK}:{port}"
                results += collect(folder / "project", scheme, url, gone)
        return results


@contextmanager
def postfix(folder: Path, there: Sequence[str]) -> Iterator[int]:
    """Run Postfix with a mailbox for each of these members, and one for all envelope senders."""
    mail, mailboxes, own = folder / "mail", folder / "mailboxes", folder / "postfix"
    for path in (mail, own):
        path.mkdir(mode=0o755)
    shutil.chown(mail, OWNER)
    mailboxes.write_text("".join(f"{it} {it}/\n" for it in there) + f"@{SENDERS} bounces/\n")
    names = {"members": MEMBERS, "senders": SENDERS, "mail": mail, "mailboxes": mailboxes}
    settings = MAIN_CF.format(**names, owner=OWNER_ID)
    with relays.postfix(own, rig.free_port(), settings=settings, services=MASTER_CF) as port:
        yield port


@contextmanager
def dovecot(folder: Path, box: Path) -> Iterator[dict[str, int]]:
    """Run Dovecot over the Maildir, and give its ports by the scheme of their URL."""
    folder.mkdir(mode=0o755)
    ports = {"imap": rig.free_port(), "pop": rig.free_port()}
    names = {"folder": folder, "box": box, "owner": OWNER_ID, "password": PASSWORD}
    (folder / "dovecot.conf").write_text(DOVECOT_CONF.format(**names, **ports))
    command = [
        rig.system_program("dovecot", "dovecot-imapd dovecot-pop3d"),
        "-F",
        "-c",
        folder / "dovecot.conf",
    ]
    with rig.running(command):
        for port in ports.values():
            rig.wait_for_port(port)
        yield ports


def send(project: Path, members: int, port: int) -> None:
    """Send an edition under signed envelope senders."""
    rig.make_approved_edition(project, members, port, 4)
    path = project / "newsletter.toml"
    text = path.read_text(encoding="utf-8")
    path.write_text(
        text.replace("[sender]\n", f'[sender]\nenvelope_domain = "{SENDERS}"\n', 1), encoding="utf-8"
    )
    rig.newsletter(project, "edition", "approve", rig.EDITION, "--by", "benchmark")
    rig.newsletter(project, "edition", "send", rig.EDITION, "--go")


def wait_for_bounces(box: Path, expected: int) -> float:
    """Wait until so many have come; return how long that took, in seconds."""
    began = time.monotonic()
    while len(list((box / "new").glob("*"))) < expected and time.monotonic() < began + ARRIVAL_S:
        time.sleep(0.1)
    return time.monotonic() - began


def collect(sent: Path, name: str, url: str, gone: set[str]) -> list[Result]:
    """Collect from one place into a copy of the project, twice, and look who is suppressed."""
    project = sent.with_name(f"project-{name}")
    shutil.copytree(sent, project)
    box = f'\n[bounces]\nurl = "{url}"\npassword_env = "{PASSWORD_ENV}"\n'
    with (project / "newsletter.toml").open("a", encoding="utf-8") as settings:
        settings.write(box)
    os.environ[PASSWORD_ENV] = PASSWORD
    first = rig.newsletter(project, "bounce", "collect")
    print(f"  {name}: {first.stdout.splitlines()[0]} ({first.seconds:.1f} s)")
    members = json.loads(rig.newsletter(project, "--json", "member", "list").stdout)
    suppressed = {it["email"] for it in members if it["status"] == "suppressed"}
    again = json.loads(rig.newsletter(project, "--json", "bounce", "collect").stdout)
    return [
        exactly(f"bounces by {name}: members without a mailbox who are still mailed", len(gone - suppressed)),
        exactly(f"bounces by {name}: members suppressed though they have one", len(suppressed - gone)),
        exactly(f"bounces by {name}: taken twice", again["taken"]),
    ]


if __name__ == "__main__":
    run_alone(__doc__, Options, run)
