"""The SMTP transport: `transport` opens a connection, `link` speaks on it, `protocol` listens and writes."""

from newsletter.delivery.smtp.transport import SmtpTransport

__all__ = ["SmtpTransport"]
