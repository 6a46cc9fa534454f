"""A container's entry: runs a command as the owner of the project's folder on the host, never as root.

The folder's compose file, mounted as /owner, tells who that is: ./mlruns cannot, because Docker makes it as root where
it does not exist.
"""

import os
import sys
from contextlib import suppress
from pathlib import Path

OWNER = Path("/owner")
# Where root itself owns the project, or nothing says who does.
NOBODY_IN_PARTICULAR = 10001


def owner() -> tuple[int, int]:
    """The uid and gid to run as."""
    known = OWNER.stat() if OWNER.exists() else None
    if known and (known.st_uid or not root_is_root()):
        return known.st_uid, known.st_gid
    return NOBODY_IN_PARTICULAR, NOBODY_IN_PARTICULAR


def root_is_root() -> bool:
    """Whether root in here is root on the host; in a rootless engine it is the ordinary user who runs the engine."""
    return Path("/proc/self/uid_map").read_text().split()[1] == "0"


def hand_over(folder: Path, uid: int, gid: int) -> None:
    """Make `uid` the owner of all in `folder` that is someone else's."""
    for path in (folder, *folder.rglob("*")):
        # A command on the host may be removing its temporary files meanwhile.
        with suppress(FileNotFoundError):
            if path.lstat().st_uid != uid:
                os.chown(path, uid, gid, follow_symlinks=False)


def main() -> None:
    """Become the owner, then the command."""
    command = sys.argv[1:]
    if os.getuid() == 0:
        uid, gid = owner()
        store = os.environ.get("LATENTLENS_STORE")
        # At the container's start only, not at each health check.
        if store and os.getpid() == 1:
            hand_over(Path(store), uid, gid)
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    os.execvp(command[0], command)  # noqa: S606 - the command is the container's own


main()
