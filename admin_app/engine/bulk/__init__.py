"""One action on many records: select, type, preview, apply, undo.

`selection` is what was chosen, `action` what can be done, `classify` and `preview` say what would happen and write no
record, `runs` keeps the story, `applying` and `undoing` write, `shipped` are the actions that every entity has.
"""
