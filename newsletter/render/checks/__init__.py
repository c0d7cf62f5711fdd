"""Checks of a rendered variant, a family to a module; `render.check` runs them all.

Each is a function that yields findings and changes nothing. What a template does wrong is an error, as it can
be mended for good; what an item brings along is a warning wherever the mail still reads well.
tinycss2 reads CSS here: it keeps what cssutils drops, knows the line of everything, and is small.
"""
