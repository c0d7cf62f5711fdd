"""Alerts: what a person has to end, and the words in which people are told of it away from the terminal.

An alert is a state, not an event: an edition that is held, a feed that nobody could read for a day. It is
told once, and again when it ended and came back; so a round each minute tells nothing twice, and what could
not be told (the relay is what is down) is told later, from the same words, even when it is over by then. One
mail and one call of the webhook carry all that is new in a round: ten mails about one outage are read by
nobody.

What stands here is pure: the values and their words. The store remembers what was told, `workflows/alerts`
looks at what stands, `workflows/alert_channels` tells it. The call of the webhook is made by
`feeds/fetch/post`, where the guard against our own network is.

No reminders and no escalation: a state that lasts is on the dashboard (`run --metrics`), and whoever wants to
be called at night has a program for that behind the webhook.
"""
