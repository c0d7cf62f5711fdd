"""The command line: click commands that open a project, call a workflow and show what it returns.

- Data goes to stdout, progress and notes to stderr. With `--json` stdout is one JSON document, nothing else.
- What would be dangerous by default asks for an option (`--go`, `--confirm`). Only `edition cancel`, which is
  final, asks a question, and only on a terminal; `--yes` answers it.
- While sending, a terminal shows a bar, counts and rate; anything else sees the result only, since cron mails
  what is printed.
- These modules import only click and each other at the top; what a command needs is imported when it runs,
  because cron starts us every minute and `--help` shall answer at once.
- rich folds tables and draws progress bars, on a terminal only; in a pipe every row is one line.
- What is imported at a start stays. The collector of garbage would look through it again and again meanwhile,
  a tenth of the start, so it is asked to wait for more.
- Faults of usage are click's own words; every other foreseen fault is one line with its cure.
- A hint is a command that can be pasted: with `-C DIR` it says `-C DIR` too.
"""

import gc

gc.set_threshold(20_000, 20, 20)
