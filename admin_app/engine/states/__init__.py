"""State machines: which states a record goes through, by which steps, and who takes them.

`machine` is the declaration, `guard` refuses every other way between states, `action` makes each step an action like
any other, `showing` draws them on a record's page, `diagram` writes them down for the documentation.
"""
