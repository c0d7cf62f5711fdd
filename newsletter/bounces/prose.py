"""Bounces in a mail system's own words: qmail, Exim, Exchange, Domino, sendmail, Gmail, Yahoo and many more.

Their wordings change and their layouts hardly do: the address that failed stands alone on a line, before a
colon, after "RCPT TO", or beside words such as "recipient" and "user". So each address is weighed by where it
stands, and the address to which the returned mail went is the witness.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from email.message import Message

from newsletter.bounces.mail import ADDRESS, addresses_in, bare, header, own_words, quoted_mails
from newsletter.bounces.types import Failure
from newsletter.bounces.wordings import says_nobody_there, says_not_this_time

_SENDER = re.compile(
    r"(?i)mailer-?daemon|postmaster|mail\s*delivery|delivery\s*(?:system|subsystem|status)|mail\s*(?:system|administrator)|"
    r"system\s*admin|microsoftexchange|mmdf|mail\s*router|internet\s*mail|\bmta\b|daemon"
)
_SUBJECT = re.compile(
    r"""(?ix) undeliver | failure\ (?:notice|delivery) | (?:delivery|mail|message)\b.{0,30}(?:fail|problem|error|status|notif|report|warning)
    | return(?:ed)?\ (?:mail|to\ sender|message|e-?mail) | could\s?n[o']t\ be\ delivered | not\ (?:be\ )?deliver | non\ ?-?delivery
    | unzustellbar | fehlgeschlagen | mail\ system\ error | user\ unknown | bounce | rejected\ mail | mail\ (?:could\ not|not)
    | delivery\ (?:has\ )?(?:failed|delayed|incomplete) | warning.{0,20}(?:mail|message|delay) | not\ delivered | non\ remis | echec | échec
    | mancata\ consegna | no\ entregado | notifica | nondeliverable | returning\ message | failed\ mail | error\ sending | 配信 | 送信 | エラー | 退信"""
)
_BODY = re.compile(
    r"""(?ix) (?:could|can|was|were|did|has|have|is)(?:\ ?n[o']t|\ not|\ been\ un)\ (?:be\ |been\ |able\ to\ be\ )?(?:able\ to\ )?(?:deliver|reach|sent)
    | delivery\ (?:to\ the\ following|attempt|failed|failure|has\ failed|error) | undeliver(?:able|ed) | unable\ to\ deliver
    | user\ unknown | unknown\ (?:user|recipient|address) | permanent(?:ly)?\ (?:fail|error|fatal) | fatal\ errors? | returned\ to\ (?:you|sender)
    | \b5[05]\d[ -](?:\#?5\.\d\.\d)? | mailbox\ (?:is\ )?(?:full|unavailable|not\ found) | not\ able\ to\ deliver | no\ such\ (?:user|mailbox|recipient)
    | has\ been\ returned | encountered\ an\ error | has\ been\ postponed | n'a\ pas\ pu | konnte\ nicht | non\ .\ stato\ possibile | no\ se\ pudo | 届け | 送信でき | 配信でき | ユーザ"""
)
_DELAYED = re.compile(
    r"(?i)\bdelayed\b|\bwarning\b.{0,60}\bnot\b|still being (?:retried|tried|attempted)|will (?:keep|continue) trying|"
    r"do not need to resend|not (?:yet )?been delivered yet|delivery.{0,20}temporarily|has not yet been|no action is required"
)
_GIVEN_UP = re.compile(
    r"(?i)given up|giving up|permanent|gave up|could not be delivered for|not going to try"
)
_NEVER = re.compile(
    r"(?i)^(?:mailer-?daemon|postmaster|abuse|hostmaster|noreply|no-reply|root|support|helpdesk)@"
)
_STANDS_ALONE = re.compile(
    r"(?i)^[\s>*•\-\"'(<[]*(?:(?:to|for|recipient|rcpt|address|e-?mail|user|smtp|final-recipient|宛先)\s*[:=]\s*)?[\"'<(\[]*$"
)
_ENDS_LINE = re.compile(r"^[>\"')\]]*\s*(?:[:;,.]|\.{3}|$|\(|on \w{3},|-+|\d{3}[ -])")
_TELLING = re.compile(
    r"(?i)(?:rcpt\s+to|recipients?|users?|mailbox|addressee|unknown|deliver(?:ed)?\s+(?:\w+\s+){0,3}to|delivery\s+(?:failed|attempts?|to)|fail\w*|address|account|"
    r"destinat\w+|invalid|undeliverable|smtp=|reach|send(?:ing)? to)\W*(?:\w+\W+){0,3}$"
)
_TOLD_AFTER = re.compile(
    r"(?i)^\W*(?:\w+\W+){0,3}(?:unknown|not\b|no such|does|is (?:not|un|no)|fail|reject|invalid|couldn|mailbox|full|over|exceed|disabled|5\d\d)"
)
_MISLEADING = re.compile(
    r"(?i)(?:mail\s+from|\bfrom|contact|reply\s+to|questions?|assistance|forward|notify|postmaster|sender|message-id|"
    r"accepting mail from|sent by|e-?mailing|\btry|e\.g|reporting-mta|instead|mailto|help|(?:write|e-?mail) (?:to )?us)\W*(?:\w+\W+){0,2}$|\bis\W*$"
)
#: Words, perhaps at the end of the line above, behind which an address is nobody's.
_EXAMPLE = re.compile(r"(?i)(?:\be\.g\b|\bfor example|\bsuch as)\W*(?:\w+\W+){0,2}$")
_EXPANDED = re.compile(r"(?i)\b(?:expanded|generated|reached) from:?\W*$")
#: What Exchange and others tell of the returned mail among their own words: whom it was addressed to.
_TOLD_HEADS = re.compile(
    r"(?im)^[ \t]{0,20}\*?[ \t]{0,20}(?:to|from|cc):[^\n]*\n(?=(?:[^\n]*\n){0,4}?[ \t]{0,20}\*?[ \t]{0,20}(?:subject|to):)"
)
#: Behind an SMTP reply, and behind the name of a field of the mail system's own.
_AFTER_REPLY = re.compile(r"\b[45]\d\d[ -][^@\n]{0,60}$")
_LABELLED = re.compile(r"^\W*[\w -]{2,30}[:=]\s*[<\"']*$")
_ENOUGH = 3
_SIGNS = 2
_NEAR_CHARS = 200
_MAX_PEOPLE = 50
_SAID_CHARS = 4_000


def is_bounce(mail: Message) -> bool:
    """Whether a mail without a report is from a mail system that could not deliver: two of three signs."""
    sender = 2 * bool(
        re.search(r"(?i)mailer-daemon@|microsoftexchange[0-9a-f]+@", header(mail, "From"))
    ) or bool(
        header(mail, "Return-Path").strip() == "<>"
        or _SENDER.search(f"{header(mail, 'From')} {header(mail, 'Return-Path')}")
        or str(mail.get_param("report-type", "")).lower() == "delivery-status"
    )
    subject = bool(_SUBJECT.search(header(mail, "Subject")))
    if header(mail, "X-Failed-Recipients"):
        return True
    return sender + subject + bool(_BODY.search(own_words(mail))) >= _SIGNS


def read_prose(mail: Message) -> tuple[Failure, ...]:
    """Return whom a mail system could not reach, by its own words."""
    words = own_words(mail)
    subject = header(mail, "Subject")
    went_to = _witnesses(mail)
    weighed = f"{subject}\n\n{words}"
    told = (
        addresses_in(header(mail, "X-Failed-Recipients"))
        or _weighed(_TOLD_HEADS.sub("", weighed), went_to, _ours(mail))
        or _weighed(weighed, went_to, addresses_in(header(mail, "To")))
    )
    found = (told or _bare_names(mail, words) or went_to[:1] or _in_our_address(mail))[:_MAX_PEOPLE]
    action = "delayed" if _DELAYED.search(f"{subject}\n{words}") and not _GIVEN_UP.search(words) else "failed"
    return tuple(Failure(it, action, "", _said_of(it, words, found) or subject) for it in found)


def _witnesses(mail: Message) -> list[str]:
    """Return to whom the returned mail went, where it is not a list's own address."""
    ours = _ours(mail)
    ends = {it.rpartition("@")[2] for it in ours}
    for quoted in quoted_mails(mail):
        names = addresses_in(" ".join(map(str, quoted.get_all("To", []))))
        if found := [it for it in names if it not in ours and it.rpartition("@")[2] not in ends]:
            return found
    return []


def _ours(mail: Message) -> frozenset[str]:
    """Return the addresses that wrote the mail that is returned, and got this one."""
    heads = [header(mail, name) for name in ("To", "Delivered-To", "X-Original-To", "Errors-To")]
    for quoted in quoted_mails(mail):
        heads += [header(quoted, name) for name in ("From", "Sender", "Reply-To", "Return-Path", "Errors-To")]
    return frozenset(addresses_in(" ".join(heads)))


def _weighed(words: str, went_to: list[str], never: Collection[str]) -> list[str]:
    """Return the addresses whose places speak for them, none of `never`."""
    weights: dict[str, int] = {}
    for found in ADDRESS.finditer(words):
        address = bare(found[0])
        if address not in never and not _NEVER.match(address):
            weight = _weight(words, found) + 4 * (address in went_to)
            weights[address] = max(weights.get(address, -9), weight)
    sure = [it for it, weight in weights.items() if weight >= _ENOUGH]
    best = max(weights.values(), default=0)
    if any(it in went_to for it in sure):
        return [it for it in sure if it in went_to or weights[it] >= best - 1]
    return sure or [it for it, weight in weights.items() if weight == best and best > 0][:1]


def _weight(words: str, found: re.Match[str]) -> int:
    """Return how much the place of an address speaks for its being the one that failed."""
    line_start = words.rfind("\n", 0, found.start()) + 1
    line_end = words.find("\n", found.end())
    before = words[max(line_start, found.start() - _NEAR_CHARS) : found.start()]
    after = words[found.end() : line_end if line_end >= 0 else len(words)][:_NEAR_CHARS]
    above = " ".join(words[max(0, line_start - 120) : line_start].split())
    if _EXPANDED.search(before) or found[0].lower().startswith("smtp="):
        return _ENOUGH
    weight = 0
    if _STANDS_ALONE.match(before):
        weight += 3 if _ENDS_LINE.match(after) else 1
    lead = f"{above} {before}" if not before.strip(" <\"'") else before
    weight += 3 if _TELLING.search(re.sub(r"[<\"'(\[]+$", "", lead)) else 0
    weight += 2 if _TOLD_AFTER.match(after) else 0
    weight += 3 if _AFTER_REPLY.search(before) else 0
    weight += 2 if _LABELLED.match(before) and not after.strip(" >\"')].") else 0
    weight -= 5 if _MISLEADING.search(re.sub(r"[<\"'(\[]+$", "", before)) or _EXAMPLE.search(lead) else 0
    return weight


def _bare_names(mail: Message, words: str) -> list[str]:
    """Return names without a domain, as AOL and some mail hubs give them: theirs is that of the sender."""
    domain = next((it.rpartition("@")[2] for it in addresses_in(header(mail, "From"))), "")
    if not domain.startswith("aol."):
        return []
    said = re.search(r"(?is)following recipients?.{0,120}?:\s*\n\s*([\w.-]+)\s*$", words)
    return [f"{said[1].lower()}@{domain}"] if said else []


def _in_our_address(mail: Message) -> list[str]:
    """Return whom an envelope sender names that spells the recipient out, as many list programs write it."""
    for name in ("To", "Delivered-To", "X-Original-To"):
        if found := re.search(r"[+-]([\w.-]+)=((?:[\w-]+\.)+[a-z]{2,})@", header(mail, name).lower()):
            return [f"{found[1]}@{found[2]}"]
    return []


def _said_of(address: str, words: str, others: list[str]) -> str:
    """Return the words about one recipient: from its line on, up to the next one's; all where these say little."""
    low = words.lower()
    if address not in low:
        return " ".join(words.split())[:_SAID_CHARS]
    begin = low.rindex("\n", 0, low.index(address)) + 1 if "\n" in low[: low.index(address)] else 0
    later = [low.find(it, low.index(address) + len(address)) for it in others if it != address]
    end = min([it for it in later if it > 0], default=len(words))
    said = " ".join(words[begin:end].split())[:_SAID_CHARS]
    telling = says_nobody_there(said) or says_not_this_time(said) or len(others) > 1
    return said if telling else " ".join(words.split())[:_SAID_CHARS]
