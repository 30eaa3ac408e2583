"""Search over records of any number: an index of our own, beside the records and in their transactions.

`folding`, `pinyin` and `terms` say under which terms a record stands, `query` what is asked for a text; `index` says
of which entities there is an index, `sqlite` and `postgresql` keep it, `keeping` and `building` fill it; `matching`
asks it for lists and lookups, `everywhere` for all entities at once.
"""
