"""Machines' answers to mail that arrived: out of office, received with thanks, prove that you are a person."""

from __future__ import annotations

import re
from email.message import Message

from newsletter.bounces.mail import header, own_words
from newsletter.bounces.types import Form

_AWAY = re.compile(
    r"""(?ix) \bout\ of\ (?:the\ )?office\b | \bauto(?:matic|mated)?[\s-]*(?:reply|response|antwort|svar|responder)\b
    | \bautomatische?s?\ antwort\b | \babwesen(?:d|heit) | \br[ée]ponse\ automatique\b | \babsence\ du\ bureau\b
    | \brespuesta\ autom | \brisposta\ automatica\b | \bresposta\ autom | \bafwezig | \bautomatisch\ antwoord\b
    | \bautosvar\b | \bautomatiskt?\ svar\b | \bfrånvar | \bpoissa\b | \bautomaattinen\ vastaus\b
    | \bfuera\ de\ (?:la\ )?oficina\b | \bon\ (?:annual\ |maternity\ |sick\ )?(?:leave|vacation|holiday)\b
    | \bvacation\ (?:reply|message|response)\b | \baway\ from\ (?:the|my)\ (?:office|desk|mail)\b
    | \bno\ longer\ (?:work|with|employed)\b | \bayateb\ awtomatig\b | \ballan\ o['’]r\ swyddfa\b
    | 自動返信 | 自动回复 | 自動応答 | 不在 | автоответ | автоматический\ ответ | odpowiedź\ automatyczna
    | automatická\ odpov | \bthank\ you\ for\ (?:your\ (?:e-?mail|message|enquiry)|contacting)\b
    | \bwe\ have\ received\ your\b | \b(?:ticket|case)\ (?:received|created|\#)"""
)
_CHALLENGE = re.compile(
    r"""(?ix) \bchallenge[\s/-]*response\b | \bspam\s?arrest\b | \bboxbe\b | \btmda\b | \bbluebottle\b | \bchoicemail\b
    | \b(?:confirm|verify)\ (?:that\ )?(?:your|you|the)\ (?:e-?mail|message|sender|address|identity|are)
    | \bsender\ (?:address\ )?(?:verification|confirmation|authenti)
    | \bto\ (?:have|get)\ your\ (?:message|e-?mail)\ delivered\b | \bplease\ click\ .{0,40}\ to\ (?:be\ added|prove)
    | \byour\ (?:message|e-?mail)\ (?:is\ waiting|awaits|has\ been\ held) | \bprove\ (?:that\ )?you\ are\ (?:a\ )?(?:human|person)"""
)
_AUTO_HEADERS = (
    "X-Autoreply",
    "X-Autorespond",
    "X-Autoresponder",
    "X-Auto-Reply-From",
    "X-Vacation",
    "X-AutoReply-From",
)
_FAILED = re.compile(
    r"""(?ix) undeliver | not?\ (?:be\ )?deliver | fail | return(?:ed|ing) | non\ (?:remis|recapitat|consegn) | unzustellbar
    | mail\ system\ error | unknown | rejected | delivery\ (?:status|problem|report|notif) | bounce | nondeliver | delay"""
)


def read_reply(mail: Message) -> Form | None:
    """Return what kind of machine's answer a mail is; None when it is none. Reports must be ruled out before."""
    subject, said = header(mail, "Subject"), own_words(mail)[:4_000]
    if _CHALLENGE.search(subject) or (_CHALLENGE.search(said) and not _FAILED.search(subject)):
        return Form.CHALLENGE
    if _answers_by_itself(mail) and not _FAILED.search(subject):
        return Form.AUTO_REPLY
    if _AWAY.search(subject) and not _FAILED.search(_AWAY.sub("", subject)):
        return Form.AUTO_REPLY
    return None


def _answers_by_itself(mail: Message) -> bool:
    """Whether its headers say so (RFC 3834 §5, and what was used before it)."""
    submitted = header(mail, "Auto-Submitted").lower()
    if submitted.startswith("auto-replied") and not _from_system(mail):
        return True
    if header(mail, "Precedence").lower() in ("auto_reply", "auto-reply"):
        return True
    if header(mail, "X-Auto-Response-Suppress") and not _from_system(mail):
        return True
    return any(header(mail, name) for name in _AUTO_HEADERS)


def _from_system(mail: Message) -> bool:
    return bool(
        re.search(r"(?i)mailer-?daemon|postmaster|mail delivery|microsoftexchange", header(mail, "From"))
    )
