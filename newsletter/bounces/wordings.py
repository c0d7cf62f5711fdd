"""What mail systems say when nobody is there, and when it is something else."""

from __future__ import annotations

import re

_WHO = r"(?:user|recipient|mailbox|account|address|addressee|person|alias|e-?mail(?:\ address)?|name|destination)"
_NOBODY = re.compile(
    rf"""(?ix)
      \b(?:unknown|invalid|bad|illegal|non-?existent|nonexist(?:ent|ant)|undefined|unrecognized|incorrect|wrong|undeliverable)
        \ (?:local\ |virtual\ |relay\ |mail\ |destination\ |email\ |final\ )*(?:or\ illegal\ )?
        (?:{_WHO}|part|domain|host|local[- ]part|login)\b(?!\ list)
    | \b{_WHO}(?:['"]?\ ?<[^>]*>|\ \S+@\S+|['"]?\(s\))?[:.,]?\ (?:\S+\ )?(?:is\ |was\ |are\ |'s\ )?(?:currently\ )?
        (?:unknown|invalid|not\ (?:known|found|valid|recogni[sz]ed|listed|exist)|unrecogni[sz]ed|non-?existent)\b
    | \b(?:does\ ?n[o']t|do\ not|didn't|did\ not|doesnt)\ (?:currently\ |seem\ to\ )?(?:exist|have\ an?\ (?:\S+\ )?(?:account|mailbox)|match)
    | \bno\ (?:such|mailbox|account|matches?|valid\ recipient|known|mail\ ?drop)\b(?!\ (?:ed|able|size|space))
    | \bnot?\ (?:a\ )?(?:valid|known|our|local|active)\ (?:mail)?\ ?(?:user|recipient|mailbox|customer|account|address)
    | \bnot\ (?:listed\ in|found\ in)\ (?:the\ )?(?:\S+\ )?(?:directory|name\ &\ address|public)
    | \bunrout(?:e)?able\ (?:mail\ domain|address|domain) | \buser\ ?unknown | \bunknown\ to\ (?:address|recipient)
    | \bno\ (?:mx|mail\ exchanger|dns)\b.{{0,30}}\b(?:record|found|domain|for) | \bnullmx\b | \bnull\ mx\b
    | \b(?:domain|host(?:name)?|name)\b(?:\ name)?\ (?:\S+\ )?(?:not\ found|unknown|not\ known|lookup\ failed|does\ not\ exist|is\ invalid)
    | \bhost\ or\ domain\ name\ not\ found(?!.{{0,80}}try\ again) | \bnxdomain\b | \bdomain\ (?:has\ no|does\ not\ accept)\ mail
    | couldn'?t\ find\ any\ host\ named | \bmailbox\ (?:has\ been\ )?(?:removed|deleted|terminated)
    | \b(?:account|user|mailbox)\b.{{0,30}}\b(?:deleted|terminated|removed|left\ the|no\ longer) | \bno\ longer\ (?:valid|available|active|works?|employed|in\ use|exists?|here|at\ this)
    | \b(?:has|have)\ moved\b | \bresolver\.adr\.(?:ex)?recip(?:ient)?notfound\b | \brecip(?:ient)?\ ?not\ ?found\b | \bnosuchuser\b
    | \brecipient\ name\ is\ not\ recogni | \bnot\ a\ known\ user | \bcould\ not\ be\ found\b | \bwasn'?t\ found\ at\b
    | \brejected:\ undeliverable\ address | \bcannot\ find\ your\ recipient | \baddress\ (?:not\ found|couldn't\ be\ found)
    | \buser\ name\ is\ unknown | \b(?:not|n't)\ in\ (?:my|our|the)\ (?:mail|user|alias|address)\S*\ (?:list|book|file|database|table)
    | \bbad\ destination\ (?:mailbox|system) | \bunable\ to\ (?:validate|find|locate)\ (?:the\ )?(?:recipient|user|mailbox)
    | \bgibt\ es\ (?:nicht|keinen) | \bunbekannt(?:er)?\ (?:empf|benutz) | \bempf.nger\ (?:ist\ )?unbekannt | \bexistiert\ nicht
    | \butilisateur\ inconnu | \b(?:adresse|destinataire)\ (?:\S+\ )?(?:inconnue?|invalide|n'existe) | \busuario\ (?:desconocido|no\ existe)
    | \butente\ (?:sconosciuto|inesistente) | \bcasella\ (?:inesistente|non\ esist) | \bno\ existe\b
    | ユーザー?(?:が|は)?(?:見つかりません|存在しません|不明) | 宛先(?:不明|が見つかりません) | メールアドレスが存在 | 存在しない | 用户不存在 | 地址不存在 | 無効です
    | \b5[05]\d[ -]\#?5\.4\.1\b.*recipient\ address\ rejected:\ access\ denied
    | \bmailbox\ unavailable | \bunavailable\ or\ not\ local | \binvalid\ (?:final\ delivery\ )?userid | \bdoes\ not\ have\ a\ final\ e-?mail
    | \bnot\ our\ customer | \bunknown\ local\ part | \blocal\ user\ unknown | \bisn'?t\ (?:a\ )?(?:known|valid|listed)
    """
)  # fmt: skip
_NOT_NOW = re.compile(
    r"""(?ix)
      \b(?:mail(?:box|folder)?|inbox|quota|account|user|recipient|disk|storage)\b.{0,40}\b(?:is\ )?(?:full|exceed|over(?:\ |-)?(?:quota|limit|drawn|storage|disk)|too\ large|out\ of\ space)
    | \b(?:exceed\w*|over|above|beyond|reached).{0,30}(?:quota|storage|(?:size|disk|mailbox|message)\ ?(?:limit|allocation|space))
    | \bquota\b | \bmailbox\ (?:size|space)\ | \binsufficient\ (?:system\ |disk\ )?(?:storage|space|resources) | \bno\ space\ left | \bmailbox\ full
    | \bspam | \bblock(?:ed|ing|\ ?list|list) | \bblack\ ?-?list | \brbl\b | \bdnsbl\b | \bspamhaus | \bsorbs\b | \bbarracuda | \breputation
    | \bpolic(?:y|ies)\b | \bprohibited\b | \bnot\ (?:permitted|allowed|authori[sz]ed|accepting|accepted) | \bunauthori[sz]ed | \bcontent\ (?:rejected|filter|denied)
    | \bvirus | \bmalware | \bphish | \bsuspicious | \bunsolicited | \bjunk | \bmessage\ (?:was\ )?(?:rejected|refused|blocked|filtered)\ (?:due|because|by|for|as)
    | \bspf\b | \bdkim\b | \bdmarc\b | \breverse\ dns | \bptr\b | \bsender\ (?:\S+\ )?(?:rejected|denied|blocked|verify|verification|address\ rejected|domain)
    | \brelay(?:ing)?\b.{0,20}(?:denied|not|prohibited|forbidden|access|refused|disallowed) | \b(?:not|n't|unable\ to|will\ not|cannot)\ relay | \baccess\ denied(?<!rejected:\ access\ denied)
    | \brate\ ?limit | \btoo\ (?:many|much|fast|frequent|big|large) | \bthrottl | \bgr[ea]y\ ?-?list | \bdefer(?:red)? | \btry(?:ing)?\ (?:it\ )?again\ later | \btemporar(?:y|ily)
    | \btim(?:ed|e)\s?-?\s?out | \btimeout | \bexpired\b | \bconnection\ (?:refused|reset|timed|lost|failed|dropped) | \bno\ route\ to | \bnot\ respond | \bunreachable | \bcould\ not\ connect
    | \b(?:queue|retry)\ (?:time|period|too\ long|timeout) | \bbeen\ in\ the\ queue\ too\ long | \bwasn'?t\ able\ to\ establish | \bhop\ ?count | \bloop(?:s|ing|ed)?\b | \btoo\ many\ (?:hops|received)
    | \bsize\ (?:exceed|limit)|\bmessage\ (?:size|too|exceed|length)|\bexceeds?\ (?:the\ )?(?:max|size|fixed|limit)
    | \bdisabled\b | \bsuspend | \binactive | \bdiscontinued | \blocked\b | \bexpired\ account | \bover\ limit | \bdormant | \bfrozen | \bon\ hold\b
    | \bsystem\ (?:error|not\ accepting|resources|problem) | \bserver\ (?:error|busy|unavailable|configuration) | \blocal\ (?:error|configuration|problem)|\binternal\ (?:error|server) | \bi/o\ error
    | \brestricted\b | \brestricttorecip | \bauthenticat | \bclosed\ list | \bnot\ subscribed | \bmembers?\ only | \bstarttls | \btls\ (?:is\ )?(?:required|negotiat)
    | \bvolle?s?\ postfach | \bpostfach\ .{0,20}voll | \bbo[iî]te\ .{0,30}pleine | \bbuz[oó]n\ .{0,20}lleno | \bcasella\ .{0,20}piena | 容量 | 満杯 | いっぱい | 已满 | 超過
    | \bname\ server\b.{0,40}(?:fail|try|timeout|no\ answer) | \btry\ again\b | \bdomain\ (?:has\ )?expired\b
    """
)  # fmt: skip


def says_nobody_there(text: str) -> bool:
    """Whether a diagnostic says that mailbox or domain do not exist."""
    return bool(_NOBODY.search(_one_line(text)))


def says_not_this_time(text: str) -> bool:
    """Whether a diagnostic speaks of room, policy, link or size, which are no reason to give an address up."""
    return bool(_NOT_NOW.search(_one_line(text)))


def _one_line(text: str) -> str:
    """Return text on one line without SMTP's repeated codes ("550-5.1.1 The email 550-5.1.1 account")."""
    return re.sub(r"\s+[245]\d\d-(?:[245]\.\d{1,3}\.\d{1,3}\s)?\s*", " ", " ".join(text.split()))[:4_000]
