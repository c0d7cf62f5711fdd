"""Bounces: reads what comes back, says whom it is about and what it counts for.

- Reading and judging are apart. `read` finds the form of a mail and the recipients in it; `judge` says hard
  or soft from status code and wording together, because either alone is wrong too often: Exim says 5.0.0
  where the text says 5.1.1, and a full mailbox is called permanent by half the world.
- In doubt it is soft. A soft bounce is counted, and enough of them in different editions suppress as well.
- Nobody is suppressed on a mail's word alone, which anybody can write. It takes our signed envelope sender
  (`verp`), or our signed Message-ID together with the very address to which that message went.
- Delays, auto-replies and challenges are recognised and left alone (RFC 3834 §2: never answered either).
- Mail is never deleted, neither in the mailbox nor here; what is kept can be judged again under new rules.
- The reader is ours: flufl.bounce (Apache-2.0) finds nobody in complaints, and its "permanent" holds full
  mailboxes and policy. Its test mails measure ours in `benchmarks/bounce_reading.py`. `email` of the standard
  library takes mails apart; `imaplib` and `poplib` fetch them.
- Signatures are BLAKE2 with a key (RFC 7693 §2.9), of the standard library: one copied state for each message
  sent. itsdangerous would write a longer address than the 64 octets of a local part allow in comfort.
"""
