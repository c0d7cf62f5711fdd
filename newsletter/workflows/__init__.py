"""The verbs: one module for each thing the program does.

A workflow reads through the edges, lets the deciding rooms decide, and writes the result. It takes an open
`Project` and the time, returns values, and prints nothing: showing is the shells' part. Every workflow may
run twice, and two processes may run it at once.
"""
