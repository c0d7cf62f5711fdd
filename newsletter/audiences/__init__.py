"""Who an item is for: rules that are data, and the reasons they give.

What it does. `rules.Sorter` is compiled once from `[audiences.*]` and `[sorting]` and then says of each item
which audiences it is for, each with its reasons: rule, place, the words as they stand in the item. `explain`
says the same for people, the noes included.

How the steps combine. Mapping of feed or category, statement of relevance, words: each step may add
audiences, none takes one away, and the reasons stand in this order. A statement that names governors does
not silence the title that names headteachers, because a list in an article is rarely meant to exclude. The
default speaks only when nothing else did. The editor's word comes before all of this and is not applied
here: it is kept with the item, and rules must never undo it.

How words weigh (`weighing`). An occurrence weighs by its place: title, what a statement of relevance lists,
category, opening, text. The opening is read as a part of the text too, so words there count as both. A word
that also stands in the audience's `relevance` is its name ("headteachers") rather than its subject
("workload") and weighs double.

How words match (`phrases`). Whole words in any letter case; a space in a phrase also stands for a hyphen,
`and` for `&`; apostrophes of every shape are one, and may be missing. A singular also finds its plural in
"s"; a plural finds only itself, which is useful: "headteachers" are addressed, "headteacher Ann Hill" is
quoted. `forms` are groups of words that stand for each other in every list; Welsh mutations stand there as
data, for no rule of ours would know a Welsh phrase from an English one. A word that
a hyphen ties to another ("ex-governors") is another word.

What is avoided. A word inside an avoided phrase does not count, unless a longer listed phrase holds both
("school business leaders" around "business leaders"). News writers say "prison governors" once and then
"governors": words whose first mention stands in an avoided phrase count nowhere in that item. Where the title
or the opening holds one of `unless` ("central bank"), no word of that audience counts. A word before
somebody's name ("chair of governors Pat Lee") tells who speaks, not who is spoken to.

What it refuses to do. No stemming, no learned model, no weights per word: the comms team must be able to
foresee what a change of the lists will do, and to read in a reason why it did. It does not look at dates,
members or other items, and names no feed of its own.

Libraries. lxml reads the HTML (here already through premailer; ten times faster than html.parser). Phrases
are looked up in a tree of words: a regular expression with some hundreds of alternatives takes 30 ms for a
long article, this well under one.
"""
