"""Editions: what goes to whom on which date.

- `compose` turns items and groups of members into variants. A group is all members with one set of audiences
  and one history, so the work grows with the number of groups, never with the number of members.
- An item counts as carried to a member when a delivery to them with that item is sent, on its way, or in
  doubt. What was refused, suppressed or cancelled never arrived, so the item may still come.
- Time is only a filter (`max_age`); what was carried decides. A run that was missed loses nothing.
- A monthly member gets one edition in a calendar month: the first that has something for them. It is decided
  by what reached the member, not by which edition was the month's first, so that a cancelled edition, or a
  refused delivery, costs nobody the month. For them, and for who was monthly lately, `window` reaches back to
  the month before; for all others what is older than `max_age` is as if carried.
- `schedule` says when editions fall due, on which days none does, and what the clocks do; the key of an
  edition is its local date, never an instant. cronsim reads expressions and says which days fit; to find
  moments with it is slow. `plain_words` turns words into an expression: there is one way to reckon.
- Bank holidays come from `holidays` (MIT), which follows the proclamations of each country; school terms from
  iCalendar files, by `icalendar` (BSD). Both take long to import, so what they say is kept in the database.
  Events that repeat by a rule are refused: what expands them is under the LGPL, and terms do not repeat.
- `agenda` says what is to be done at a moment, from the states of the editions alone. Asked again after its
  steps are taken, it has nothing more to say.
- `usual` says when a number of recipients is far from those before, for the check and for sending alike;
  `review` holds what is odd about an edition beside earlier ones and its members.
- `editorial` says which of an editor's words a variant gets. They are rendered into the variants, so an
  approval is bound to them as to everything else.
- `approval` binds an approval to a hash over what will be sent. It knows nothing of templates or feeds: what
  was frozen is what is sent. Several people may have to approve; a draft keeps the first approvals until its
  content changes. `changes` compares what was approved, which is kept with the approval, with what is there:
  the text part stands for the words, as its lines read well, and of HTML only that it differs is told.
- `asking` says when editors get a mail about an edition that waits for them. What they were told is kept with
  the content that it was about, so that a link in an old mail can say what has changed since.
"""
