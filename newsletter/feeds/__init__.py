"""Feeds: news from feed documents and saved pages becomes entries, clean and with a stable identity.

What it does
- `fetch` brings the bytes (the only part that does I/O), `parse`, `jsonfeed` and `pages` read them,
  `clean` makes their texts safe, `decide` says which entries are new or changed.
- `patience` says when a feed is asked, where, and when its trouble is told. `memo` keeps what entries read
  as, so that a feed which changed costs its new entries only.
- Reads as much as can be read. A document in disorder keeps its entries and a warning says what was odd;
  one without any is a FeedParseError with a cure. One feed's trouble is never another's.

What it refuses to do
- No markup of a feed reaches a reader as it came: a short allow-list of elements, links only to http,
  https and mailto, no styles or classes. A digest has a look of its own, and an image or a style sheet from
  a feed is a request to a stranger from every reader's mail program. Pictures are kept when they come by
  https and say in words what they show (`pictures`); a digest loads them from hosts that staff allow only.
- No single mark decides identity. An entry is known by its id, its link without what tracks readers, and its
  title and date together (`identity`): ids that change at every fetch, one link for all, a move to https or
  to another host, an edited title, none makes old news new. Hence feedparser is not told the document's
  address, as it would write it into relative ids. What several feeds tell under one link is one item.
- No more of a document than can be read in some ten seconds (`bounds`): at most 500 entries, the newer end;
  one entry with more markup than anybody writes is refused.
- No connection to private addresses unless `[fetch] allow` names them; the address that was checked is the
  one that is connected to, on every redirect.
- No guess at a missing date, or at one before 1980: None, and the item counts from when it was first seen.
  One in the future is waited for, up to a year. An Atom entry that has only `updated` takes that, since Atom
  asks for no other date.

Built on
- feedparser for RSS, RDF and Atom, with its own sanitising off (ours is stricter, and twice is slow). It is
  given text that `charset` has decoded already: its own order of trust lets one wrong byte, or a wrong
  `text/xml` header, turn every accent of a feed into two characters.
- An own reader for JSON Feed: the format is a dozen optional fields, and no kept library reads it.
- nh3 (ammonia) for safety. It spends seconds on 50,000 nested divs, so nesting is bounded before it; after
  it, `block_reader` turns what is left into a flat and tidy sequence of blocks. Plain text comes from the
  same blocks instead of inscriptis, which would parse everything again at eight times the cost.
- urllib3 for HTTP: responses are inflated in pieces with a bound. The socket is ours, because only so the
  checked address, and one deadline for the whole answer, hold. Brotli and Zstandard are an extra, by brotli
  and backports.zstd, which urllib3 knows how to stop; Brotli before 1.2 cannot be stopped and is not offered.
- pydantic for the memo's JSON: it is here for the settings, and gives entries back in their types.
- lxml for HTML pages and lists of feeds (OPML). An extraction library (trafilatura) was weighed for pages:
  it brings a dozen packages, rewrites markup to its own, and a page's own word (`page_facts`) with the place
  where its words are (`article`) finds the story of the usual site makers.

Pages
- What a page says of itself (JSON-LD, OpenGraph, microdata, <time>) is believed when it calls itself a piece
  of news. Its lead picture is kept when an <img> of the page, or the page itself, says what it shows.
- What a site repeats is found by comparing its pages (`boilerplate`), not by rules for one site. A single
  page falls back on what is usual: a menu line, headings that each stand on a list, a closing date.
"""
