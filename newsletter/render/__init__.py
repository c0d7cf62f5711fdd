"""Render: a variant's items become one HTML and one text, and those become one mail for each member.

What it does, in this order. `content` turns items into what a template may see. `html` renders the user's
templates with Jinja and moves the CSS into style attributes; `text` helps the text part, which has its own
template. `merge` cuts both at their merge fields, and the result, a `RenderedVariant`, is what approval
freezes. `mime` encodes it once and then makes a member's mail by joining bytes. `check` refuses what mail
programs would cut off, and `overview` shows all variants side by side.

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
- A story from outside is never markup here: `story` reads it into paragraphs, points and quotes, and the
  template writes them anew. Whatever a feed holds, only our own tags reach a mail.
- Both parts are quoted-printable: readable in a log, seven-bit clean through any relay, and cut at merge
  fields without shifting anything, because a soft line break may stand anywhere.
- Header lines are written here rather than by `email.message`, whose objects cost more per member than
  all the rest; tests read every one of them back with the standard library.

It refuses to fetch anything, to put a member's value into an address, a style or a script, and to guess: an
item without a date of publication shows none.
"""
