"""Getting a message to a relay, and knowing what became of it.

What it does. A `Transport` opens links; a `Link` carries one transaction at a time, in two steps: `offer`
names sender and recipient and ends with the relay waiting for the content, `hand_over` writes the content
and returns the relay's answer. `judge` turns that answer into a verdict, from one table. There are two
transports: `smtp`, and `outbox`, a folder of `.eml` files; `inbox` is the demo's receiving side.

Why two steps. An SMTP server accepts nothing before the final dot (RFC 5321 §3.3) and everything with its 250
after it (§6.1). The store commits a delivery as `sending` in between: a crash before that commit may
safely be followed by another try, one after it leaves at most one delivery in doubt for each open link. A
library call that does the whole transaction has no such place in it. So aiosmtplib opens the connection,
says EHLO, starts TLS and logs in, which it does well and tests against many servers; the transactions are
a dialogue of our own on the transport that it opened (`smtp/link`, `smtp/dialogue`).

Why pipelined. A message costs four round trips in small steps, and one when MAIL, RCPT and DATA of the next
are written together with its own end (RFC 2920 §3.1 allows that). `hand_over` is told which envelope
follows; the next `offer` then only reads what the relay said to it. A relay that offers PIPELINING and does
not keep up is spoken to step by step from then on.

Why one RCPT for each transaction. Each message holds one member's name and links to leave; a shared one would
show them to others. And one lost answer leaves one delivery in doubt, not fifty.

What it refuses.
- Plain text where TLS was asked for, a certificate that cannot be checked, a login over an unencrypted link
  to another machine. A person must cure these: `RelayRejected`.
- To use a link again after a time-out, a malformed reply or an answer that nobody asked for: the next answer
  may belong to the last question. Such a link is closed, and says so when it is used.
- To alter an address. A recipient who needs SMTPUTF8 is refused with 553 5.6.7 where the relay lacks it
  (RFC 6531 §3.2 forbids rewriting the local part); a sender who needs it stops the run. A message above the
  relay's SIZE gets 552 5.3.4 at MAIL, as the relay itself would say, and stops the run before the first
  RCPT: the next one is no smaller. Neither costs a byte on the wire; our own replies begin with "not sent:".
- Control characters, spaces and angle brackets in an address (AddressError), before a byte leaves; bare
  CR or LF never comes into `Content`. Both are ways to smuggle a second command or message.
- To burn through a list: when most of what a relay was last given is refused for one reason (`health`), it
  is left alone and a person is asked.
- To guess what an answer means for a person. Only codes that say "nobody is there" suppress an address, and
  only in answer to RCPT, where nothing but the address can have been at fault.
- To count against a member what was the link's fault: 421, and 4xx to MAIL, put the delivery back.

Pace (`pace`). Evenly spaced turns and no bucket that fills up: relays count by the second or by the minute,
and a burst after a rest is what they punish. What is known of a relay is three numbers, from which everybody
works out the rate of any moment, so processes share it without telling each other that it recovered.
`shares`, `window` and `forecast` decide who gets how many, when mail may leave, and when the last one would.

The outbox names a file after recipient and Message-ID, so a message that is sent again takes the place of
its twin, as it would in a mailbox that recognises duplicates.
"""
