"""Email addresses as a value: checked once, compared without regard to letter case.

email-validator is the judge for anything unusual. Nearly all addresses of a member list are plain
ASCII, and asking it costs 60 µs each; those that match `_PLAIN` are taken without it (a property test
holds the two to the same answer), which makes an import of 500,000 rows a matter of seconds.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from newsletter.errors import AddressError

# RFC 5321 §4.5.3.1: local part up to 64 octets, path up to 256 including the angle brackets.
_MAX_LOCAL, _MAX_ADDRESS = 64, 254
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
# RFC 5890 §2.3.1: a label with "--" in third and fourth place is Punycode or nothing; the validator decides.
_LABEL = r"(?!..--)[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
# Names under which no mail exists (RFC 6761 and others); the validator says so in words.
_TLD = r"(?!(?i:arpa|invalid|local|localhost|onion)\Z)[A-Za-z]{2,63}"
#: Dot-atom local part (RFC 5322 §3.2.3) at a domain of letter-digit-hyphen labels (RFC 1123 §2.1).
_PLAIN = re.compile(rf"{_ATOM}(?:\.{_ATOM})*@(?:{_LABEL}\.)+{_TLD}")


@dataclass(frozen=True, slots=True)
class Address:
    """One mailbox.

    text: as it goes on the wire: local part as written, domain in lower case and as A-labels (RFC 5890).
    key: equal for two spellings of one mailbox; the whole address in lower case, no dots or tags dropped.
    """

    text: str
    key: str

    @property
    def domain(self) -> str:
        """The part after the @."""
        return self.text.rpartition("@")[2]

    @property
    def needs_smtputf8(self) -> bool:
        """Whether only a relay that offers SMTPUTF8 can take it (RFC 6531 §3.3)."""
        return not self.text.isascii()

    def __str__(self) -> str:
        """Return the address as it goes on the wire."""
        return self.text


def parse_address(text: str) -> Address:
    """Read one bare email address; white space around it is ignored.

    Domains that RFC 2606 keeps for examples and tests (example.org, .test) are accepted.
    Raises AddressError for anything that is not exactly one address, control characters included.
    """
    text = text.strip()
    if "@" not in text:
        raise AddressError(f"no @ in {text[:80]!r}" if text else "the address is empty")
    local, _, domain = text.rpartition("@")
    if len(text) > _MAX_ADDRESS or len(local) > _MAX_LOCAL or not _PLAIN.fullmatch(text):
        local, domain = _ask_validator(text)
    domain = domain.lower()
    # lower(), not casefold(): that would make straße@ and strasse@, two mailboxes, one.
    return Address(f"{local}@{domain}", f"{local.lower()}@{domain}")


def _ask_validator(text: str) -> tuple[str, str]:
    from email_validator import EmailNotValidError, validate_email  # noqa: PLC0415 - seldom needed, slow

    try:
        found = validate_email(text, check_deliverability=False, test_environment=True, strict=True)
    except EmailNotValidError as fault:
        raise AddressError(f"{text[:80]!r} is not an email address: {str(fault).rstrip('.')}") from None
    return found.local_part, found.ascii_domain
