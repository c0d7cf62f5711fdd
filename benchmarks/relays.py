"""Postfix, Exim and OpenSMTPD as relays of our own: a free port, a temporary folder, everything to one place.

Postfix has to be installed. Exim and OpenSMTPD exclude it among Debian's packages, so they are downloaded,
unpacked into a cache folder and run with that folder laid over /usr, in a namespace of their own: nothing on
the machine changes. That takes root.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import rig

CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "newsletter-benchmarks"
MASTER_CF = """\
{port_on_loopback} inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
proxywrite unix - - n - 1 proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
"""
MAIN_CF = """\
compatibility_level = 3.6
queue_directory = {folder}/spool
data_directory = {folder}/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = relay.test
mydestination =
alias_maps =
mynetworks = 127.0.0.0/8
smtpd_peername_lookup = no
smtpd_relay_restrictions = permit_mynetworks, reject
relayhost = [127.0.0.1]:{downstream}
smtp_host_lookup = native
smtp_dns_support_level = disabled
"""
EXIM_CONF = """\
primary_hostname = relay.test
spool_directory = {folder}/spool
log_file_path = {folder}/spool/%slog
pid_file_path = {folder}/spool/exim.pid
local_interfaces = 127.0.0.1
daemon_smtp_ports = {port}
tls_advertise_hosts =
host_lookup =
rfc1413_query_timeout = 0s
smtp_accept_max = 100
smtp_accept_queue_per_connection = 0
acl_smtp_rcpt = accept
begin routers
everything:
  driver = manualroute
  transport = onwards
  route_list = * 127.0.0.1
  self = send
begin transports
onwards:
  driver = smtp
  port = {downstream}
  allow_localhost
begin retry
* * F,1h,5s
"""
OPENSMTPD_CONF = """\
listen on 127.0.0.1 port {port}
action "onwards" relay host smtp://127.0.0.1:{downstream}
match from any for any action "onwards"
"""
#: Users that the packages would make, with numbers that nobody has.
EXIM_USERS = {"Debian-exim": 64890}
OPENSMTPD_USERS = {"opensmtpd": 64891, "opensmtpq": 64892}
#: $1: the unpacked package, $2: a folder to be laid over /etc; then what to run.
IN_NAMESPACE = """\
unpacked=$1; etc=$2; shift 2
mount -t overlay overlay -o "lowerdir=$unpacked/usr:/usr" /usr
mount -t overlay overlay -o "lowerdir=$etc:/etc" /etc
mount -t overlay overlay -o "lowerdir=$unpacked/var:/var" /var
mount -t tmpfs -o mode=755 tmpfs /var/spool
mount -t tmpfs -o mode=755 tmpfs /run
exec "$@"
"""


@dataclass(frozen=True)
class RelayKind:
    """A mail server that can be run. pipelines: whether it offers PIPELINING.

    start: runs it in a folder of its own, relaying to a port, and gives its own.
    """

    name: str
    pipelines: bool
    start: Callable[[Path, int], AbstractContextManager[int]]


@contextmanager
def postfix(folder: Path, downstream: int, settings: str = "", services: str = "") -> Iterator[int]:
    """Run an instance of the installed Postfix with a configuration and a queue of its own.

    settings, services: more lines for main.cf and master.cf.
    """
    program = rig.system_program("postfix", "postfix")
    refuse_without_root("an instance of Postfix")
    port = rig.free_port()
    for name in ("etc", "spool", "data"):
        (folder / name).mkdir()
    shutil.chown(folder / "data", "postfix")
    main = MAIN_CF.format(folder=folder, downstream=downstream)
    (folder / "etc" / "main.cf").write_text(main + settings)
    master = MASTER_CF.format(port_on_loopback=f"127.0.0.1:{port}")
    (folder / "etc" / "master.cf").write_text(master + services)
    control = [program, "-c", str(folder / "etc")]
    subprocess.run([*control, "start"], check=True, capture_output=True)
    try:
        rig.wait_for_port(port)
        yield port
    finally:
        subprocess.run([*control, "stop"], check=False, capture_output=True)


@contextmanager
def exim(folder: Path, downstream: int) -> Iterator[int]:
    """Run Exim; each message is handed on by a process of its own, at once."""
    port = rig.free_port()
    unpacked = unpack("exim4-daemon-light", "usr/sbin/exim4")
    etc = folder / "etc"
    (etc / "exim4").mkdir(parents=True)
    settings = EXIM_CONF.format(folder=folder, port=port, downstream=downstream)
    (etc / "exim4" / "exim4.conf").write_text(settings)
    spool = folder / "spool"
    spool.mkdir(mode=0o750)
    os.chown(spool, EXIM_USERS["Debian-exim"], EXIM_USERS["Debian-exim"])
    with in_namespace(unpacked, etc, EXIM_USERS, ["/usr/sbin/exim4", "-bdf", "-q5s"]):
        rig.wait_for_port(port)
        yield port


@contextmanager
def opensmtpd(folder: Path, downstream: int) -> Iterator[int]:
    """Run OpenSMTPD, which knows no PIPELINING."""
    port = rig.free_port()
    unpacked = unpack("opensmtpd", "usr/sbin/smtpd")
    etc = folder / "etc"
    etc.mkdir()
    (etc / "smtpd.conf").write_text(OPENSMTPD_CONF.format(port=port, downstream=downstream))
    (etc / "mailname").write_text("relay.test\n")
    with in_namespace(unpacked, etc, OPENSMTPD_USERS, ["/usr/sbin/smtpd", "-d"]):
        rig.wait_for_port(port)
        yield port


KINDS = (
    RelayKind("Postfix", pipelines=True, start=postfix),
    RelayKind("Exim", pipelines=True, start=exim),
    RelayKind("OpenSMTPD", pipelines=False, start=opensmtpd),
)


@contextmanager
def in_namespace(unpacked: Path, etc: Path, users: dict[str, int], command: list[str]) -> Iterator[None]:
    """Run a program as if its package were installed and its users were there; all of it ends with us."""
    refuse_without_root("an unpacked mail server")
    for name in ("passwd", "group"):
        lines = [Path("/etc", name).read_text().rstrip("\n")]
        for user, number in users.items():
            group = f"{user}:x:{number}:"
            lines.append(group if name == "group" else f"{group}{number}::/nonexistent:/usr/sbin/nologin")
        (etc / name).write_text("\n".join([*lines, ""]))
    own = ["unshare", "--mount", "--propagation", "private", "--pid", "--fork", "--mount-proc"]
    enter = [*own, "sh", "-ec", IN_NAMESPACE, "sh", str(unpacked), str(etc)]
    with (
        (etc.parent / "log").open("wb") as log,
        rig.running([*enter, *command], stdout=log, stderr=log) as process,
    ):
        try:
            yield
        finally:
            # The first process of the namespace takes all others with it.
            for first in psutil.Process(process.pid).children():
                first.kill()


def unpack(package: str, program: str) -> Path:
    """Return a folder with a package and what it needs unpacked, downloaded when it is not there yet.

    program: a file in it by which we see that it is whole.
    """
    folder = CACHE / package
    unpacked = folder / "unpacked"
    if (unpacked / program).exists():
        return unpacked
    if shutil.which("apt-get") is None:
        sys.exit(f"{package} is downloaded by apt-get, which is not here")
    archives = folder / "archives"
    (archives / "partial").mkdir(parents=True, exist_ok=True)
    get = ["apt-get", "install", "--yes", "--quiet", "--no-install-recommends", "--download-only"]
    where = ["-o", f"Dir::Cache::archives={archives}", "-o", "APT::Sandbox::User=root"]
    done = subprocess.run([*get, *where, package], check=False, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{package} cannot be downloaded:\n{done.stdout}{done.stderr}")
    for archive in archives.glob("*.deb"):
        subprocess.run(["dpkg", "-x", archive, unpacked], check=True)
    # The folder in which OpenSMTPD locks itself in is made when the package is installed.
    (unpacked / "var/lib/opensmtpd/empty").mkdir(parents=True, exist_ok=True)
    return unpacked


def refuse_without_root(what: str) -> None:
    """End us where we may not start it."""
    if os.geteuid() != 0:
        sys.exit(f"{what} is started by root only; run this as root, in a container say")
