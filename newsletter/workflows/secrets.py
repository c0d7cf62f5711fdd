"""The secret of a relay's login: from the environment, a file, or a command that gives it."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

from newsletter.config import Config, SmtpSettings
from newsletter.errors import ConfigError, RelayRejected, TransportError

_COMMAND_S = 30.0

Secret = str | Callable[[], str] | None


def relay_secret(config: Config, relay: SmtpSettings, environ: Mapping[str, str] = os.environ) -> Secret:
    """Return the secret as a transport takes it: text, or what gives it anew for each connection.

    Tokens expire while an edition goes out, so a file that holds one is read again and a command for one is
    run again each time; a command for a password is run once. Raises ConfigError for a variable that is not
    set and a file that cannot be read.
    """
    fresh = relay.auth != "password"
    if relay.password_env:
        return from_environment("smtp", relay.password_env, environ)
    if relay.password_file:
        path = config.folder / relay.password_file
        return _later(path) if fresh else from_file("smtp", path)
    if relay.password_command:
        return PasswordCommand(relay.password_command, config.folder, fresh=fresh)
    return None


class PasswordCommand:
    """Gives the first line that a command writes; run without a shell, in the project folder.

    fresh: the command is run for each call, otherwise until it succeeded once. What it says on stderr goes
    where ours goes. Raises RelayRejected for a command that cannot be run or gives nothing, TransportError
    for one that fails or takes too long: it may do better next time.
    """

    def __init__(
        self, command: str, folder: Path, *, fresh: bool = False, timeout_s: float = _COMMAND_S
    ) -> None:
        self._words = shlex.split(command)
        self._folder = folder
        self._fresh = fresh
        self._timeout_s = timeout_s
        self._kept: str | None = None

    def __call__(self) -> str:
        """Return the secret."""
        if self._kept is None or self._fresh:
            self._kept = self._run()
        return self._kept

    def _run(self) -> str:
        name = f"smtp.password_command: {self._words[0]}"
        try:
            done = subprocess.run(  # noqa: S603 - the organisation's own command, no shell
                self._words,
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                timeout=self._timeout_s,
                check=True,
            )
        except subprocess.TimeoutExpired:
            raise TransportError(
                f"{name} gave nothing in {self._timeout_s:g} s",
                hint="it must not wait for anybody: try it with its input closed, as cron runs it",
            ) from None
        except subprocess.CalledProcessError as fault:
            raise TransportError(
                f"{name} failed with exit code {fault.returncode}", hint="run it by hand, as the same user"
            ) from None
        except OSError as fault:
            raise RelayRejected(
                f"{name} cannot be run: {fault.strerror}",
                hint="name the program with its whole path: cron knows few folders",
            ) from None
        lines = done.stdout.decode("utf-8", "replace").splitlines()
        if not lines or not lines[0]:
            raise RelayRejected(f"{name} gave no secret", hint="it must write the secret as its first line")
        return lines[0]


def from_environment(table: str, name: str, environ: Mapping[str, str], key: str = "password_env") -> str:
    """Return what a variable that a table of settings names holds; raises ConfigError without it."""
    if name not in environ:
        raise ConfigError(
            f"{table}.{key} names {name}, which is not set in the environment",
            hint=f"export {name}=…, also where cron starts us",
        )
    return environ[name]


def from_file(table: str, path: Path, key: str = "password_file") -> str:
    """Return what a file that a table of settings names holds; raises ConfigError without it."""
    try:
        return path.read_text("utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as fault:
        raise ConfigError(f"{table}.{key}: {path} cannot be read") from fault


def _later(path: Path) -> Callable[[], str]:
    """Return what reads the file again each time; it must be there from the start."""
    from_file("smtp", path)

    def read() -> str:
        try:
            return from_file("smtp", path)
        except ConfigError as fault:  # somebody may be writing it just now
            raise TransportError(str(fault)) from fault

    return read
