"""Editions: what goes to whom on which date.

- `compose` turns items and groups of members into variants. A group is all members with one set of audiences
  and one history, so the work grows with the number of groups, never with the number of members.
- An item counts as carried to a member when a delivery to them with that item is sent, on its way, or in
  doubt. What was refused, suppressed or cancelled never arrived, so the item may still come.
- Time is only a filter (`max_age`); what was carried decides. A run that was missed loses nothing.
- `schedule` says on which date the next edition falls; cronsim reads the expression.
- `editorial` says which of an editor's words a variant gets. They are rendered into the variants, so an
  approval is bound to them as to everything else.
- `approval` binds an approval to a hash over what will be sent. It knows nothing of templates or feeds: what
  was frozen is what is sent.
"""
