"""The errors a user can meet; everything else that is raised is a bug and keeps its traceback.

NewsletterError            message, hint; str() is the one line a user reads          exit 1
├─ ConfigError             faults: every fault of the configuration at once           exit 2
├─ FeedError               feed_url
│  ├─ FetchError           status, retry_after_s
│  │  └─ DocumentTooLarge
│  └─ FeedParseError
├─ AudienceError
├─ CalendarError           days that a schedule needs cannot be read
├─ MemberError             one member: unknown, or there already
├─ MemberRowsError         path, [(line, problem)]: every bad row at once
├─ AddressError            (also ValueError)
├─ EditionError            subject: which edition
│  ├─ EmptyEdition         nothing to send
│  ├─ NotApproved          approval is missing or stands for other content
│  ├─ UnfitEdition         checks found errors in it, or warnings that nobody accepted
│  ├─ EditionChanged       another process was quicker: look again
│  └─ AlreadySent
├─ RenderError             template, line
│  └─ MissingField         a template names a field that nobody has
├─ TransportError          link or login failed, nothing was handed over: safe to retry (also OSError)
│  ├─ RelayBusy            it asked for less while a connection was opened
│  └─ RelayRejected        a person must cure it: login, certificate, missing STARTTLS
├─ AnswerLost              the content left and no answer came: not safe to retry
├─ AlertError              a mail or a webhook that was to tell of alerts did not get through (also OSError)
├─ MailboxError            the bounce box cannot be read; its mail stays where it is (also OSError)
└─ StoreError              a driver fault that a user can cure: read-only, full, other version
   └─ StoreBusy            another program holds the database: trying again may help
"""

from __future__ import annotations

from collections.abc import Sequence


class NewsletterError(Exception):
    """A foreseen fault that a user can cure.

    message: one line that names place and value.
    hint: what to do about it, a sentence or a command; may be empty.
    """

    exit_code = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        """Return the message, followed by the text of the cause, on one line, where there is one."""
        return f"{self.message}: {' '.join(str(self.__cause__).split())}" if self.__cause__ else self.message


class ConfigError(NewsletterError, ValueError):
    """The configuration cannot be used; faults holds one line for each thing wrong with it."""

    exit_code = 2

    def __init__(self, message: str, faults: Sequence[str] = (), *, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.faults = tuple(faults)

    def __str__(self) -> str:
        """Return the message and every fault, one to a line."""
        return "\n".join([super().__str__(), *(f"  {fault}" for fault in self.faults)])


class FeedError(NewsletterError):
    """One feed could not be read; the others go on."""

    def __init__(self, message: str, *, feed_url: str, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.feed_url = feed_url


class FetchError(FeedError, OSError):
    """The document did not arrive. status: HTTP status or None; retry_after_s: what the server asked for."""

    def __init__(
        self,
        message: str,
        *,
        feed_url: str,
        status: int | None = None,
        retry_after_s: float | None = None,
        hint: str = "",
    ) -> None:
        super().__init__(message, feed_url=feed_url, hint=hint)
        self.status = status
        self.retry_after_s = retry_after_s


class DocumentTooLarge(FetchError):
    """There is a document, and it is larger than we take."""


class FeedParseError(FeedError, ValueError):
    """The document arrived and is not a feed."""


class AudienceError(NewsletterError, ValueError):
    """An audience that is not in the configuration was named."""


class CalendarError(NewsletterError, ValueError):
    """A calendar of the project, school terms say, cannot be read and never was."""


class MemberError(NewsletterError, LookupError):
    """A member was named who is unknown, or exists already."""


class MemberRowsError(NewsletterError, ValueError):
    """Rows of a member file that cannot be used; problems are (line, what is wrong), in file order."""

    def __init__(self, path: str, problems: Sequence[tuple[int, str]], *, hint: str = "") -> None:
        super().__init__("\n".join(f"{path}:{line}: {problem}" for line, problem in problems), hint=hint)
        self.path = path
        self.problems = tuple(problems)


class AddressError(NewsletterError, ValueError):
    """A text that is not a usable email address."""


class EditionError(NewsletterError):
    """A step that an edition's state does not allow."""


class EmptyEdition(EditionError):
    """There is nothing to send."""


class NotApproved(EditionError):
    """Nobody approved the edition, or it changed since."""


class UnfitEdition(EditionError):
    """Checks found what keeps an edition from being approved."""


class EditionChanged(EditionError):
    """Another process changed the edition meanwhile; nothing was done."""


class AlreadySent(EditionError):
    """The edition has gone out."""


class RenderError(NewsletterError):
    """A template cannot be rendered. template: file name; line: from 1, or None where it is not known."""

    def __init__(self, message: str, *, template: str = "", line: int | None = None, hint: str = "") -> None:
        place = template if line is None else f"{template}:{line}"
        super().__init__(f"{place}: {message}" if place else message, hint=hint)
        self.template = template
        self.line = line


class MissingField(RenderError, LookupError):
    """A template names a field that does not exist."""


class TransportError(NewsletterError, OSError):
    """Link, TLS or login failed before anything was handed over; trying again repeats nothing."""


class RelayBusy(TransportError):
    """The relay asked for less while a connection was opened: "421 too many connections", say."""


class RelayRejected(TransportError):
    """A fault that a person must cure: login, certificate, missing STARTTLS or AUTH. Not to be retried.

    A plain TransportError is about the link: the relay is down, slow or out of step, and may be tried later.
    """


class AnswerLost(NewsletterError):
    """A message left, its end included, and no answer came: whether the relay took it, nobody knows."""


class AlertError(NewsletterError, OSError):
    """A mail or a webhook that was to tell of alerts did not get through; the next round tries again."""


class MailboxError(NewsletterError, OSError):
    """The bounce box cannot be opened or read; the mail in it stays where it is."""


class StoreError(NewsletterError):
    """The database cannot be used as it is: locked, read-only, full, or of another version."""


class StoreBusy(StoreError):
    """Another program holds the database for longer than we waited."""
