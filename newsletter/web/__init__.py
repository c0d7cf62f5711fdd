"""Web: the pages that mail leads to, for whoever holds the link.

`app` puts them together from a module for each kind of page; `guard` stands before all of them; `site` is
what they share, `shell` how they look and `words` what they say, in English and Welsh; `server` runs them.

What it does
- A GET changes nothing, since mail scanners follow every link. What changes something is a POST, and comes
  from our own page (Sec-Fetch-Site, else Origin). Only the one click of RFC 8058 comes from elsewhere.
- A link's token says whom it is about and what for (`members.tokens`). Nobody logs in, so there are no
  cookies. A wrong token, an old one and a path that leads nowhere get one and the same friendly page; too
  many of them from one address are refused, and right ones never are: mailbox providers post from few.
- Pages run no script and ask nobody else for anything but the organisation's logo. The style stands in the
  page, and the policy names its hash.
- Whatever talks to the database runs in a thread (starlette does so for functions that are not `async`).
- Nothing of a member's stands in a log: addresses of pages are not logged, and of a fault only where it was.

Parts
- starlette and uvicorn, as small as such things are; python-multipart takes apart the form that some
  providers post. No library for sessions or forms: there are none, and a handful.
- Tokens are AES-SIV (RFC 5297) of cryptography, which is here for DKIM. itsdangerous was weighed: it signs
  but does not hide, so that a member's number could be read in every link, and takes twice as long.

It refuses to serve without `[web] url`: links in mail would lead elsewhere, and no page could tell its own
POST from a stranger's.
"""
