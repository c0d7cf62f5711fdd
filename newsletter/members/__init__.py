"""Members: who they are, what they get, and how both come out of a spreadsheet and go back into one.

`rows` reads a member file: `encoding` says in which characters it is written, `records` finds its rows,
`columns` knows what its headings and cells mean, and `row_reader` what a row does; `json_rows` reads the same
as JSON. `export` writes a file, `subscriptions` decides what a row means for somebody who is known, and
`story` tells what somebody got when, and on whose word. All of it is pure: the file is a stream that was
opened elsewhere, the clock is an argument, and `store.members` remembers.

What it does
- A row that cannot be used is a value with line and reason; the others go on. Only a file in which no row
  can be used (no email column, a workbook instead of CSV) is an error.
- The standard library's `csv` reads, in its strict way: where a quote is left open or stands where it
  cannot, that row is bad and reading goes on with the next line, so that one stray quote does not
  swallow the hundred members after it. A charset detector (chardet, charset-normalizer) is not used: it
  guesses from frequency, and a wrong guess is a misspelt name in every greeting. UTF-8 proves itself, a byte
  order mark speaks for UTF-16, what is left is cp1252, and a row that reads oddly in the chosen one is bad.
- An address that comes twice is one member with the audiences of both rows, since spreadsheets have a row
  for each role; of names and attributes the later one that is not empty counts. An empty cell never
  empties what is known; an empty `audiences` or `newsletters` cell says that there is none.
- Where there is a column `newsletters`, it says which ones run: one that runs and is not listed ends.
- A cell that a spreadsheet would run as a formula leaves with an apostrophe before it (OWASP, "CSV
  injection") and loses it on the way in, so that importing our own export changes nothing; for the same
  reason the running newsletters have a column in it. `status` is derived: the five words of it are read and
  not kept, any other word in such a column is an attribute.
- `frequency` has two values, each edition and monthly; "weekly" is how people say the former. It belongs to a
  subscription; a column of a file sets it for all that run. A change ends the subscription and begins
  another, so that `why` can tell what somebody got when.

What it refuses
- It never brings back who left. Who ended a newsletter, complained or bounced stays out of it whatever
  a file says; a suppressed address stays out of all. The import counts them.
- It never takes consent away: consent takes the place of another ground, at the moment of the import that
  brings it, and nothing takes the place of consent. An import's basis and source are recorded with what it
  begins.
- It brings nobody back who was forgotten: a keyed hash of the address is left, and lists are held against it.
- It guesses no audience. "goveners" is a bad row with a suggestion.
- Control characters in names and addresses are no typing slip: such a row is not repaired but refused.
"""
