"""Render: a variant's items become one HTML and one text, and those become one mail for each member.

What it does, in this order. `content` turns items into `views`, what templates see; `subject` makes what an
inbox shows, `further` the links below a story, `design` holds colours and fonts. `html` renders the user's
templates with Jinja and moves the CSS into style attributes; `text` helps the text part, which has its own
template. `merge` cuts both at their merge fields, and the result, a `RenderedVariant`, is what approval
freezes. `mime` has it encoded once (`encode`) and then makes a member's mail by joining bytes, signed by
`dkim` where the project has keys. `check` examines a rendered variant, a family of rules to a module of
`checks`; `support` and `names` read templates line by line, before anything is rendered; `overview` shows all
variants side by side. `request` writes the mail that asks editors for approval, with an edition below it.
`web` makes a page for everybody of what was frozen,
`archive` and `archive_feeds` the front page and the feeds of all that went out.

Decisions
- Jinja2, in its immutable sandbox, with autoescape in .html and StrictUndefined: templates are written by
  an organisation's staff. A name that does not exist is an error with file, line and the likely name.
- premailer moves the CSS, with allow_network=False, since its default fetches stylesheets that a page
  names. It runs once for a variant, never once for a member. Rules that it would drop or break (dark mode,
  narrow screens, print) stand in blocks that it is told to leave alone.
- Merge fields pass through both as tokens with a nonce of that rendering, made of letters, digits and
  underscores, so that neither Jinja nor the inliner changes them and no text from outside can hold one.
  They are put in last, escaped for the part they stand in. No template can decide anything by them: there
  is no other logic per member.
- Three templates share one frame (`mail.html`) and its blocks, and what they are made of (`parts.html`). An
  organisation's folder comes first, the shipped one behind it and under `shipped/`, so that one block can be
  changed and the rest left to the program. Colours and fonts are settings and no matter of templates, and
  `colours` checks their contrast. The six lines of WCAG's formula are ours: no kept library has them alone.
- The inliner reads a stylesheet once for all variants of an edition: that was half of what drafting cost.
- Editors write Markdown, which markdown-it-py reads (rich brings it along), as HTML into which no HTML of the
  text comes; that is then read into blocks like any story.
- A story from outside is never markup here: `story` reads it into paragraphs, points and quotes, and the
  template writes them anew. Whatever a feed holds, only our own tags reach a mail.
- Both parts are quoted-printable: readable in a log, seven-bit clean through any relay, and cut at merge
  fields without shifting anything, because a soft line break may stand anywhere. For a relay that offers
  8BITMIME they are UTF-8 as it stands. For that `lines` breaks the HTML's long lines, and a member whose
  values make one longer than 998 octets gets quoted-printable; so does a variant, when its own are.
- What is static is checked at compile time, and values stand on one line, so a message is known to be lines
  that end in CRLF: no transport has to look through it. A value that holds CR or LF is refused.
- cryptography signs, since it lets other threads run meanwhile and is as fast as OpenSSL itself; dkimpy makes
  130 signatures a second and judges ours in tests. All that is no member's own is canonicalised once. Signed
  mail is never 8bit (RFC 6376 §5.3). Names of headers stand in `h=` once more than the headers do where a
  second one could do harm, List-Unsubscribe-Post also while there is none.
- A web version is made from the frozen content, not rendered anew, so a reader in a browser sees what members
  got. Whatever is a member's is taken out of the tree, and a page that still holds a trace is refused. It
  runs nothing, and asks only the organisation's own hosts for pictures; those of others become links.
- An archive's feeds are written with lxml and json, a few elements each. feedgen was weighed: it knows no
  JSON Feed, and adds a library for dates.
- Header lines are written here rather than by `email.message`, whose objects cost more per member than
  all the rest; tests read every one of them back with the standard library.

It refuses to fetch anything, to put a member's value into an address, a style or a script, and to guess: an
item without a date of publication shows none.
"""
