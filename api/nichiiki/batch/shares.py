"""Is a folder on a network share? SQLite's locks cannot be trusted there, so a batch refuses to keep its store on one.

The SQLite documentation ("How to corrupt an SQLite database file", section 2.1) says why: many network file systems report a
lock as taken that is not.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import psutil

REMOTE = frozenset(
    "9p afpfs afs beegfs ceph cephfs cifs coda davfs fuse.davfs fuse.glusterfs fuse.s3fs fuse.sshfs glusterfs gpfs lustre ncpfs "
    "nfs nfs4 smb smb2 smb3 smbfs webdav".split()
)
"""File systems of other machines, by the names that Linux and macOS give them."""
DRIVE_REMOTE = 4


def is_network_share(folder: Path) -> bool:
    """Say whether a folder, or the nearest one above it that exists, lies on another machine."""
    path = folder.resolve()
    while not path.exists() and path != path.parent:
        path = path.parent
    if sys.platform == "win32":
        return _is_remote_drive(path)
    return file_system_of(path) in REMOTE


def file_system_of(path: Path) -> str:
    """Name of the file system that holds a path; empty if nothing is known of it."""
    mounts = {Path(part.mountpoint): part.fstype for part in psutil.disk_partitions(all=True)}
    return next((mounts[each] for each in (path, *path.parents) if each in mounts), "").lower()


def _is_remote_drive(path: Path) -> bool:
    """Ask Windows; a path that begins with two backslashes is remote anyway."""
    import ctypes

    if path.drive.startswith("\\\\"):
        return True
    kernel = getattr(ctypes, "windll").kernel32  # noqa: B009 - there is none elsewhere
    return int(kernel.GetDriveTypeW(path.drive + os.sep)) == DRIVE_REMOTE
