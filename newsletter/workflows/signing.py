"""Signing: the project's DKIM keys, read from their files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from newsletter.config import Config
from newsletter.errors import ConfigError

if TYPE_CHECKING:
    from newsletter.render.dkim import DkimKey, Signer

_MAKE_RSA = "openssl genrsa -out {} 2048"
_MAKE_ED25519 = "openssl genpkey -algorithm ed25519 -out {}"


def dkim_signer(config: Config) -> Signer | None:
    """Return what signs the project's mail, None where [dkim] is not set.

    Raises ConfigError for a key that cannot be read or used.
    """
    given = config.settings.dkim
    if given is None:
        return None
    from newsletter.render.dkim import Signer  # noqa: PLC0415 - cryptography costs 40 ms

    keys = [_read("dkim.key_file", config.folder / given.key_file, given.selector, _MAKE_RSA)]
    if given.ed25519_selector and given.ed25519_key_file:
        path = config.folder / given.ed25519_key_file
        keys.append(_read("dkim.ed25519_key_file", path, given.ed25519_selector, _MAKE_ED25519))
        if keys[0].rsa_bits is None:
            raise _wrong(
                "dkim.key_file", config.folder / given.key_file, "is an Ed25519 key, not RSA", _MAKE_RSA
            )
        if keys[1].rsa_bits is not None:
            raise _wrong("dkim.ed25519_key_file", path, "is an RSA key, not Ed25519", _MAKE_ED25519)
    return Signer(given.domain, keys)


def _read(setting: str, path: Path, selector: str, cure: str) -> DkimKey:
    from newsletter.render.dkim import read_key  # noqa: PLC0415 - see above

    try:
        return read_key(selector, path.read_bytes())
    except OSError as fault:
        reason = f"cannot be read ({fault.strerror})"
        raise _wrong(setting, path, reason, cure) from None
    except ValueError as fault:
        raise _wrong(setting, path, str(fault), cure) from None


def _wrong(setting: str, path: Path, reason: str, cure: str) -> ConfigError:
    return ConfigError(f"{setting}: {path} {reason}", hint=f"a new one: {cure.format(path)}")
