"""Mails that come back, of many kinds, written after what the formats' documents and the programs say.

Each stands as (name, form, kind, recipients, mail). The recipient is kim@school.example wherever there is one.
"""

from __future__ import annotations

from newsletter.bounces.types import Form, Kind

KIM = "kim@school.example"
OURS = "b-1-a1-abcdefghijklmnop@bounces.union.example"

Case = tuple[str, Form, Kind, set[str], str]


def head(sender: str, subject: str, *more: str) -> str:
    lines = [f"From: {sender}", f"To: <{OURS}>", f"Subject: {subject}", "MIME-Version: 1.0", *more]
    return "\n".join(lines) + "\n"


QUOTED = (
    f"From: News <news@union.example>\nTo: Kim <{KIM}>\nSubject: This week\nMessage-ID: <1@union.example>\n"
)


def plain(sender: str, subject: str, body: str, *more: str) -> str:
    return head(sender, subject, "Content-Type: text/plain; charset=utf-8", *more) + "\n" + body


def report(subject: str, words: str, fields: str, sender: str = "MAILER-DAEMON@mx.school.example") -> str:
    top = head(sender, subject, 'Content-Type: multipart/report; report-type=delivery-status; boundary="B"')
    return (
        f"{top}\n--B\nContent-Type: text/plain\n\n{words}\n\n--B\nContent-Type: message/delivery-status\n\n"
        f"Reporting-MTA: dns; mx.school.example\n\n{fields}\n\n--B\nContent-Type: message/rfc822\n\n{QUOTED}\nNews\n--B--\n"
    )


def fields(status: str, said: str = "", action: str = "failed") -> str:
    diagnostic = f"\nDiagnostic-Code: smtp; {said}" if said else ""
    return f"Final-Recipient: rfc822; {KIM}\nAction: {action}\nStatus: {status}{diagnostic}"


def complaint(feedback: str, quoted: str = QUOTED, subject: str = "complaint") -> str:
    top = head(
        "fbl@provider.example",
        subject,
        'Content-Type: multipart/report; report-type=feedback-report; boundary="B"',
    )
    part = f"--B\nContent-Type: message/feedback-report\n\n{feedback}\n" if feedback else ""
    return f"{top}\n--B\nContent-Type: text/plain\n\nAn email abuse report.\n\n{part}\n--B\nContent-Type: message/rfc822\n\n{quoted}\nNews\n--B--\n"


DSN, PROSE, COMPLAINT = Form.DSN, Form.PROSE, Form.COMPLAINT
HARD, SOFT, NOTICE = Kind.HARD, Kind.SOFT, Kind.NOTICE
DAEMON = "Mail Delivery System <MAILER-DAEMON@mx.school.example>"
ONE, NONE = {KIM}, set[str]()
FAILED = "Undelivered Mail Returned to Sender"

_REPORTS = [
    ("postfix, unknown in table", HARD, "5.1.1", f"550 5.1.1 <{KIM}>: Recipient address rejected: User unknown in virtual mailbox table"),
    ("postfix, host not found", HARD, "5.4.4", "Host or domain name not found. Name service error for name=school.example type=MX: Host not found"),
    ("gmail, no such user", HARD, "5.1.1", "550-5.1.1 The email account that you tried to reach does not exist. Please try 550-5.1.1 double-checking the address for typos 550 5.1.1 https://support.google.com/mail/?p=NoSuchUser"),
    ("exim, 5.0.0 where the text says more", HARD, "5.0.0", "550 5.1.1 No such user here"),
    ("exchange online, not found", HARD, "5.1.10", "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup"),
    ("exchange online, edge blocking", HARD, "5.4.1", "550 5.4.1 Recipient address rejected: Access denied. AS(201806281)"),
    ("domino", HARD, "5.1.1", f"550 5.1.1 User kim ({KIM}) not listed in Domino Directory"),
    ("null MX", HARD, "5.1.10", "556 5.1.10 Domain does not accept mail (nullMX)"),
    ("yahoo, no account", HARD, "5.0.0", "554 delivery error: dd This user doesn't have a yahoo.com account (kim@school.example) [0]"),
    ("outlook.com, unavailable", HARD, "5.5.0", "550 5.5.0 Requested action not taken: mailbox unavailable"),
    ("full mailbox called permanent", SOFT, "5.2.2", "552 5.2.2 The email account that you tried to reach is over quota"),
    ("full mailbox under a bad code", SOFT, "5.0.0", "550 Mailbox is full / Blocks limit exceeded / Inode limit exceeded"),
    ("spam", SOFT, "5.7.1", "550 5.7.1 Message rejected as spam by content filtering"),
    ("block list", SOFT, "5.7.1", "554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org"),
    ("DMARC", SOFT, "5.7.26", "550-5.7.26 Unauthenticated email from union.example is not accepted due to domain's DMARC policy"),
    ("too large", SOFT, "5.3.4", "552 5.3.4 Message size exceeds fixed maximum message size"),
    ("relay denied", SOFT, "5.7.1", "554 5.7.1 <kim@school.example>: Relay access denied"),
    ("given up after days", SOFT, "4.4.1", "connect to mx.school.example[192.0.2.7]:25: Connection timed out"),
    ("greylisted to the end", SOFT, "4.7.1", "450 4.7.1 Recipient address rejected: Greylisted, try again later"),
    ("unknown, but for now", SOFT, "4.1.1", "450 4.1.1 User unknown in local recipient table"),
    ("restricted group", SOFT, "5.7.1", "550 5.7.1 RESOLVER.RST.RestrictedToRecipientsPermission; not authorized to send"),
    ("mailbox disabled", SOFT, "5.2.1", "550 5.2.1 The email account that you tried to reach is disabled"),
    ("throttled", SOFT, "5.7.0", "550 5.7.0 Too many messages from your host, rate limit"),
    ("routing loop", SOFT, "5.4.6", "554 5.4.6 Too many hops"),
]  # fmt: skip

_PROSE = [
    ("qmail", HARD, "MAILER-DAEMON@mx.school.example", "failure notice", f"Hi. This is the qmail-send program at mx.school.example.\nI'm afraid I wasn't able to deliver your message to the following addresses.\nThis is a permanent error; I've given up. Sorry it didn't work out.\n\n<{KIM}>:\nSorry, no mailbox here by that name. (#5.1.1)\n\n--- Below this line is a copy of the message.\n\n{QUOTED}"),
    ("qmail, host", HARD, "MAILER-DAEMON@mx.school.example", "failure notice", f"Hi. This is the qmail-send program.\n\n<{KIM}>:\nSorry, I couldn't find any host named school.example. (#5.1.2)\n\n--- Below this line is a copy of the message.\n\n{QUOTED}"),
    ("exim", HARD, DAEMON, "Mail delivery failed: returning message to sender", f"This message was created automatically by mail delivery software.\n\nA message that you sent could not be delivered to one or more of its\nrecipients. This is a permanent error. The following address(es) failed:\n\n  {KIM}\n    Unrouteable address\n\n------ This is a copy of the message, including all the headers. ------\n\n{QUOTED}"),
    ("exim, delayed", NOTICE, DAEMON, "Warning: message 1abc delayed 24 hours", f"This message was created automatically by mail delivery software.\nA message that you sent has not yet been delivered to one or more of its\nrecipients after more than 24 hours.\n\nThe address to which the message has not yet been delivered is:\n\n  {KIM}\n    Delay reason: Connection refused\n\nNo action is required on your part."),
    ("sendmail", HARD, "Mail Delivery Subsystem <MAILER-DAEMON@mx.school.example>", "Returned mail: see transcript for details", f"   ----- The following addresses had permanent fatal errors -----\n<{KIM}>\n    (reason: 550 5.1.1 <{KIM}>... User unknown)\n\n   ----- Transcript of session follows -----\n... while talking to mx.school.example.:\n>>> DATA\n<<< 550 5.1.1 <{KIM}>... User unknown\n"),
    ("exchange 5.5", HARD, "System Administrator <postmaster@school.example>", "Undeliverable: This week", f"Your message\n\n  To:      {KIM}\n  Subject: This week\n  Sent:    Fri, 6 Mar 2026 07:00:00 -0000\n\ndid not reach the following recipient(s):\n\n{KIM} on Fri, 6 Mar 2026 07:00:05 -0000\n    The recipient name is not recognized\n\tMSEXCH:IMS:SCHOOL:MX 0 (000C05A6) Unknown Recipient\n"),
    ("domino", HARD, "Postmaster@school.example", "DELIVERY FAILURE: User kim not listed in public Name & Address Book", f"Your message\n\n  Subject: This week\n\nwas not delivered to:\n\n  {KIM}\n\nbecause:\n\n  User kim not listed in public Name & Address Book\n"),
    ("yahoo", HARD, "MAILER-DAEMON@yahoo.com", "Failure Notice", f"Sorry, we were unable to deliver your message to the following address.\n\n<{KIM}>:\n554: delivery error: dd This user doesn't have a yahoo.com account\n\n--- Original message follows.\n\n{QUOTED}"),
    ("gmail, old", HARD, "Mail Delivery Subsystem <mailer-daemon@googlemail.com>", "Delivery Status Notification (Failure)", f"Delivery to the following recipient failed permanently:\n\n     {KIM}\n\nTechnical details of permanent failure:\nGoogle tried to deliver your message, but it was rejected by the recipient domain. The error that the other server returned was: 550 550 5.1.1 unknown user (state 14).\n\n   ----- Original message -----\n\n{QUOTED}"),
    ("amazon SES", HARD, "MAILER-DAEMON@amazonses.com", "Delivery Status Notification (Failure)", f"An error occurred while trying to deliver the mail to the following recipients:\n{KIM}\n550 5.1.1 user unknown\n"),
    ("groupwise", SOFT, "Mailer-Daemon@school.example", "Message status - undeliverable", f"The message that you sent was undeliverable to the following:\n\t{KIM} (mailbox full)\n"),
    ("german", HARD, "Postmaster <postmaster@school.example>", "Unzustellbar: This week", f"Ihre Nachricht konnte nicht zugestellt werden an:\n\n{KIM}\n\nEmpfänger unbekannt\n"),
    ("japanese", HARD, "Postmaster@school.example", "Mail System Error - Returned Mail", f"次のあて先へのメッセージはエラーのため送信できませんでした。\n送信先メールアドレスが見つかりません。宛先不明\n\n<{KIM}>\n"),
]  # fmt: skip

_ARF = f"Feedback-Type: abuse\nUser-Agent: Provider/1.0\nVersion: 1\nOriginal-Rcpt-To: <{KIM}>\n"
_NESTED = report(FAILED, "It failed.", fields("5.1.1", "550 5.1.1 User unknown"))

CASES: list[Case] = [
    *(("dsn: " + name, DSN, kind, ONE, report(FAILED, "It failed.", fields(status, said))) for name, kind, status, said in _REPORTS),
    ("dsn: delayed", DSN, NOTICE, ONE, report("Delayed Mail (still being retried)", "Later.", fields("4.4.1", "timed out", "delayed"))),
    ("dsn: delivered", DSN, NOTICE, ONE, report("Successful Mail Delivery Report", "There.", fields("2.0.0", "250 ok", "delivered"))),
    ("dsn: text only says why", DSN, HARD, ONE, report(FAILED, f"<{KIM}>: user unknown", fields("5.0.0"))),
    ("dsn: original recipient", DSN, HARD, ONE, report(FAILED, "x", f"Original-Recipient: rfc822;{KIM}\nFinal-Recipient: rfc822;k.lee@inside.local\nAction: failed\nStatus: 5.1.1")),
    ("dsn: fields in plain text", DSN, HARD, ONE, plain(DAEMON, FAILED, f"It failed.\n\n{fields('5.1.1', '550 no such user')}\n")),
    ("dsn: a bounce inside a bounce", DSN, HARD, ONE, head("relay@hub.example", "Fwd: bounce", 'Content-Type: multipart/mixed; boundary="O"') + f"\n--O\nContent-Type: text/plain\n\nSee below.\n--O\nContent-Type: message/rfc822\n\n{_NESTED}\n--O--\n"),
    ("prose: exchange 5.5 in HTML", PROSE, HARD, ONE, head("System Administrator <postmaster@school.example>", "Undeliverable: This week", "Content-Type: text/html") + f"\n<P>Your message<BR><BR>&nbsp; To:&nbsp; all@union.example<BR>&nbsp; Cc:&nbsp; heads@union.example<BR>&nbsp; Subject: This week<BR><BR>did not reach the following recipient(s):<BR><BR>{KIM} on Fri, 6 Mar 2026 07:00:05<BR>&nbsp; Unknown Recipient<BR></P>\n"),
    ("prose: names by way of example", PROSE, Kind.UNKNOWN, NONE, plain(DAEMON, "Returned mail", "No such user: kim\n\nTry the full form of the name, e.g., if\nlee@school.example fails, try sam.lee@school.example.\nWho was reachable by emailing NAME@school.example may have left.\n")),
    *(("prose: " + name, PROSE, kind, ONE, plain(sender, subject, body)) for name, kind, sender, subject, body in _PROSE),
    ("complaint: ARF", COMPLAINT, Kind.COMPLAINT, ONE, complaint(_ARF)),
    ("complaint: ARF without recipient", COMPLAINT, Kind.COMPLAINT, ONE, complaint("Feedback-Type: abuse\nVersion: 1\n")),
    ("complaint: hotmail", COMPLAINT, Kind.COMPLAINT, ONE, head("staff@hotmail.com", "complaint about message from 192.0.2.1", 'Content-Type: multipart/mixed; boundary="B"') + f"\n--B\nContent-Type: message/rfc822\n\nX-HmXmrOriginalRecipient: {KIM}\n{QUOTED}\nNews\n--B--\n"),
    ("complaint: redacted", COMPLAINT, Kind.COMPLAINT, NONE, complaint("Feedback-Type: abuse\nVersion: 1\n", "To: [redacted]\nSubject: This week\n")),
]  # fmt: skip

QUIET: list[tuple[str, Form, str]] = [
    ("RFC 3834", Form.AUTO_REPLY, plain("Kim <kim@school.example>", "Re: This week", "I am away.", "Auto-Submitted: auto-replied")),
    ("outlook", Form.AUTO_REPLY, plain("Kim <kim@school.example>", "Automatic reply: This week", "I am away; my mailbox is full of spam.", "X-Auto-Response-Suppress: All")),
    ("subject only", Form.AUTO_REPLY, plain("Kim <kim@school.example>", "Out of office: This week", f"Write to {KIM}, user unknown to many.")),
    ("german", Form.AUTO_REPLY, plain("Kim <kim@school.example>", "Abwesenheitsnotiz: This week", "Bis Montag.")),
    ("french", Form.AUTO_REPLY, plain("Kim <kim@school.example>", "Réponse automatique : This week", "Absente.")),
    ("welsh", Form.AUTO_REPLY, plain("Kim <kim@school.example>", "Ateb: Allan o'r swyddfa", "Yn ôl ddydd Llun.")),
    ("vacation program", Form.AUTO_REPLY, plain("kim@school.example", "away from my mail", "Back soon.", "Precedence: auto_reply")),
    ("left the school", Form.AUTO_REPLY, plain("kim@school.example", "Auto-reply", "Kim no longer works here.", "Auto-Submitted: auto-replied (vacation)")),
    ("challenge", Form.CHALLENGE, plain("kim@school.example", "Please confirm your message", "Click to be added to my list.")),
    ("challenge of a service", Form.CHALLENGE, plain("verify@spamarrest.example", "Re: This week (verification)", "Spam Arrest: your message is waiting.")),
    ("ordinary", Form.OTHER, plain("Kim <kim@school.example>", "Re: This week", f"Thank you! The link to {KIM} did not work.\n> 550 user unknown")),
    ("ordinary, about failure", Form.OTHER, plain("Kim <kim@school.example>", "Delivery of the books failed", f"They said {KIM} is unknown at the school.")),
    ("empty", Form.OTHER, ""),
]  # fmt: skip
