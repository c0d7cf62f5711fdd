"""static checks: check_email.py out.html out.txt ITEMS   (needs lxml)"""

import re, sys
from lxml import html as H

src, txt, n = (
    open(sys.argv[1], encoding="utf8").read(),
    open(sys.argv[2], encoding="utf8").read(),
    int(sys.argv[3]),
)
bad = []


def ck(name, ok, got=""):
    print(("ok   " if ok else "FAIL ") + name, got)
    bad.append(name) if not ok else None


nc = re.sub(r"<!--.*?-->", "", src, flags=re.S)
d = H.document_fromstring(nc)
body = d.find("body")
wrap = body.xpath('./*[@role="article"]')
css = "".join(d.xpath("//style/text()"))
size = len(src.encode())
W = lambda s: len(re.findall(r"\w+", re.sub(r"\S+://\S+|__\w+__", "", s)))
ck("html bytes <= 60000 (12 items), never > 90000", size <= max(60000, 5000 * n) and size <= 90000, size)
ck("style bytes <= 8000", len(css) <= 8000, len(css))
ck("doctype", src.startswith("<!DOCTYPE html>"))
ck("charset in first 1024 bytes", b"charset=" in src.encode()[:1024].lower())
ck(
    "lang+dir on html and wrapper",
    all(e.get("lang") and e.get("dir") for e in [d, *wrap]) and len(wrap) == 1,
    d.get("lang"),
)
ck("title", len((d.findtext(".//title") or "").strip()) > 10)
ck("zoom allowed", not re.search(r"user-scalable=no|maximum-scale", src))
ck(
    "color-scheme metas",
    {"color-scheme", "supported-color-schemes"} <= {m.get("name") for m in d.iter("meta")},
)
t = d.xpath("//table")
ck("tables presentation", all(x.get("role") in ("presentation", "none") for x in t), len(t))
hs = [int(x.tag[1]) for x in d.xpath("//h1|//h2|//h3|//h4")]
ck(
    "one h1, no skipped level, h3 per item",
    hs.count(1) == 1 and hs[0] == 1 and all(b - a <= 1 for a, b in zip(hs, hs[1:])) and hs.count(3) == n,
    hs.count(3),
)
im = d.xpath("//img")
ck(
    "img alt/width attr/https/raster",
    all(
        i.get("alt") is not None
        and (i.get("width") or "").isdigit()
        and int(i.get("width")) <= 600
        and re.match(r"https://\S+\.(png|jpe?g|gif)(\?|$)", i.get("src"))
        and (i.get("height") or "0").isdigit()
        for i in im
    ),
    len(im),
)
a = d.xpath("//a")
tx = ["".join(x.itertext()).strip() or "".join(x.xpath(".//img/@alt")) for x in a]
ck(
    "link text",
    all(tx)
    and not [
        s
        for s in tx
        if re.fullmatch(r"(?i)(click )?here|read more|more|link", s) or re.match(r"https?://", s)
    ],
    len(a),
)
ck(
    "links underlined or in a button cell",
    all(
        "underline" in (x.get("style") or "") or "mso-padding-alt" in (x.getparent().get("style") or "")
        for x in a
    ),
)
ck("link targets", all(re.match(r"https://|mailto:|__\w+__$", x.get("href") or "") for x in a))
ck("no template residue", not re.search(r"\{\{|\{%|\bNone\b|\bundefined\b|Undefined", nc))
pre = body[0]
p = re.sub(r"[\s\u034f\u2007\u200c\u00ad\ufeff]+", " ", pre.text_content()).strip()
ck(
    "preheader first, 40-130 chars, hidden",
    40 <= len(p) <= 130 and "display:none" in (pre.get("style") or "").replace(" ", ""),
    len(p),
)
foot = body.text_content()[-600:]
ck(
    "unsubscribe, preferences, browser view",
    all(any(re.search(k, s, re.I) for s in tx) for k in ("unsubscribe", "topics|preferences", "browser")),
)
ck("postal address", bool(re.search(r"[A-Z]{1,2}\d[A-Z\d]? \d[A-Z]{2}", foot)))
mso = re.findall(r"<!--\[if mso\]>(.*?)<!\[endif\]-->", src, re.S)
ck(
    "mso blocks balanced",
    src.count("<!--[if") == src.count("<![endif]-->")
    and len(mso) >= 3
    and all("".join(mso).count("<%s" % k) == "".join(mso).count("</%s>" % k) for k in ("table", "tr", "td"))
    and all('role="presentation"' in x for x in re.findall(r"<table[^>]*", "".join(mso))),
    len(mso),
)
OK = set(
    "display max-height overflow mso-hide font-size line-height margin padding background-color max-width width height font-family font-weight font-style color text-decoration text-align vertical-align border border-top border-bottom border-left border-right border-radius border-collapse list-style-type padding-left padding-right padding-top padding-bottom margin-top margin-bottom mso-line-height-rule mso-padding-alt word-break".split()
)
pr = {q.split(":")[0].strip() for s in d.xpath("//@style") for q in s.split(";") if q.strip()}
ck("inline properties on the allow-list", pr <= OK, sorted(pr - OK))
ck(
    "six-digit hex only, no functions",
    not re.search(
        r"#[0-9a-f]{3}\b(?![0-9a-f])|(rgb|hsl|var|calc|min|max|clamp)a?\(",
        " ".join(d.xpath("//@style")) + re.sub(r"@media[^{]*", "", css),
        re.I,
    ),
)
ck(
    "no css comments, nested @, @import, @font-face",
    not re.search(r"/\*|@import|@font-face|@media[^{]*\{[^@]*\{[^}]*\}\s*@(?!media)|@media[^{]*\{\s*@", css),
)
mq = "".join(re.findall(r"@media[^{]*\{(.*?\})\s*\}", css, re.S))
ck(
    'media rules all " !important"',
    all(
        re.search(r" !important$|^page-break", x.strip())
        for b in re.findall(r"\{([^}]*)\}", mq)
        for x in b.split(";")
        if x.strip()
    ),
)
ck(
    "dark rules kept",
    "prefers-color-scheme:dark" in css.replace(" ", "") and "[data-ogsc]" in css and "[data-ogsb]" in css,
)
ck("no C1/odd characters", not re.search("[\u0000-\u0008\u0080-\u009f\ufffd]", src + txt))
ck("no id duplicates", len(d.xpath("//@id")) == len(set(d.xpath("//@id"))))
ck(
    "text: headlines and links all present",
    not [
        x
        for x in (h.text_content().strip() for h in d.xpath("//h3"))
        if re.sub(r"\s+", " ", x) not in re.sub(r"\s+", " ", txt)
    ]
    and not [x.get("href") for x in a if x.get("href") not in txt],
)
ck("text: no markup or entities", not re.search(r"<[a-z/]|&(amp|nbsp|#\d+|[lr][sd]quo);", txt))
ck(
    "text: lines <= 78 unless a URL",
    all(len(l) <= 78 or "http" in l or "__" in l or "mailto:" in l for l in txt.splitlines()),
)
ck(
    "text: word count 85-130% of html",
    0.85 <= W(txt) / W(body.text_content()) <= 1.3,
    round(W(txt) / W(body.text_content()), 2),
)
print(len(bad), "failed")
sys.exit(bool(bad))
