"""A mail that came back, as bytes -> `ReturnedMail`."""

from __future__ import annotations

from dataclasses import replace
from email.message import Message

from newsletter.bounces.complaints import read_complaint
from newsletter.bounces.dsn import read_dsn
from newsletter.bounces.mail import addresses_in, header, own_words, parse_mail
from newsletter.bounces.prose import is_bounce, read_prose
from newsletter.bounces.replies import read_reply
from newsletter.bounces.requests import read_request
from newsletter.bounces.types import Failure, Form, ReturnedMail


def read_mail(raw: bytes) -> ReturnedMail:
    """Read one mail from the bounce box.

    raw: the whole message, any line ends; at most a megabyte of it is looked at. Never fails: what is not
    understood has the form OTHER. A report is believed before a machine's answer, and both before prose.
    """
    mail = parse_mail(raw)
    subject = header(mail, "Subject")
    complaint = read_complaint(mail)
    if complaint is not None:
        return ReturnedMail(Form.COMPLAINT, complaint, subject)
    if failures := read_dsn(mail):
        return ReturnedMail(Form.DSN, tuple(_completed(it, mail, len(failures)) for it in failures), subject)
    if reply := read_reply(mail):
        return ReturnedMail(reply, (), subject)
    if is_bounce(mail):
        return ReturnedMail(Form.PROSE, read_prose(mail), subject)
    if request := read_request(mail):
        return ReturnedMail(Form.REQUEST, (), subject, request)
    return ReturnedMail(Form.OTHER, (), subject)


def _completed(failure: Failure, mail: Message, count: int) -> Failure:
    """Return a failure with what the mail's own words add: an address it lacks, and what was said."""
    words = " ".join(own_words(mail).split())[:4_000]
    if not failure.address and count == 1 and (prose := read_prose(mail)):
        failure = replace(failure, address=prose[0].address)
    told = addresses_in(header(mail, "X-Failed-Recipients"))
    if count == 1 and len(told) == 1 and told[0] != failure.address:
        failure = replace(failure, others=(*failure.others, told[0]))
    return failure if failure.diagnostic else replace(failure, diagnostic=words if count == 1 else "")
