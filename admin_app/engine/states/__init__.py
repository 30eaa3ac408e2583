"""State machines: which states a record goes through, by which steps, and who takes them.

`machine` is the declaration, `guard` refuses every other way between states, `diagram` writes them down for the docs.
`bulk.steps` makes each step an action like any other, and `bulk.step_panel` draws them on a record's page.
"""
