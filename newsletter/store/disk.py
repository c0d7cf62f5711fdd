"""The disk that a SQLite file stands on: whether it is of this machine, and how much room it has."""

from __future__ import annotations

import re
import shutil
from pathlib import Path, PurePath

from newsletter.errors import StoreError

#: As Linux names them in /proc/mounts. Write-ahead logging shares memory between processes, so "all processes
#: using a database must be on the same host" (sqlite.org/wal.html); on these nobody keeps to that, and locks
#: are often not what they seem. 9p and virtiofs are left out: they also hold a sandbox's own disk.
NETWORK_FILE_SYSTEMS = {
    "nfs", "nfs4", "cifs", "smb3", "smbfs", "ncpfs", "afs", "ceph", "lustre", "beegfs", "davfs", "fuse.ceph",
    "fuse.davfs", "fuse.glusterfs", "fuse.rclone", "fuse.s3fs", "fuse.smbnetfs", "fuse.sshfs",
}  # fmt: skip
_MOUNTS = Path("/proc/self/mounts")
_ESCAPE = re.compile(r"\\([0-7]{3})")


def file_system(folder: PurePath, mounts: str) -> str:
    """Return the type of the file system that a folder is on, "" when the table does not tell.

    folder: absolute, without symbolic links. mounts: the text of /proc/mounts, see fstab(5); of two lines for
    one place the later counts.
    """
    found, depth = "", -1
    for line in mounts.splitlines():
        fields = line.split()
        if len(fields) < 3:  # noqa: PLR2004 - device, place, type
            continue
        place = PurePath(_ESCAPE.sub(lambda escape: chr(int(escape[1], 8)), fields[1]))
        if folder.is_relative_to(place) and len(place.parts) >= depth:
            found, depth = fields[2], len(place.parts)
    return found


def refuse_network_disk(path: Path) -> None:
    """Raise StoreError for a database file that other machines may have open too."""
    try:
        table = _MOUNTS.read_text("utf-8", "surrogateescape")
    except OSError:  # not Linux
        return
    kind = file_system(path.resolve().parent, table)
    if kind in NETWORK_FILE_SYSTEMS:
        raise StoreError(
            f"the database {path} is on a network file system ({kind}), where SQLite is not safe",
            hint='keep it on a disk of this machine, [database] url = "sqlite:////var/lib/newsletter.db", '
            "or use PostgreSQL",
        )


def refuse_full_disk(path: Path, size_bytes: int) -> None:
    """Raise StoreError where less than that can be written beside a database file."""
    free = shutil.disk_usage(path.resolve().parent).free
    if free < size_bytes:
        raise StoreError(
            f"the disk of {path} has {free / 1e6:,.0f} MB free, and {size_bytes / 1e6:,.0f} MB may be needed",
            hint="make room and try again; nothing was sent",
        )
