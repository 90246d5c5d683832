"""Files to rows: pure readers for each format, bounded in memory, with everything wrong told as data.

`reading.read` yields, for each row of a file, its values or why it is refused; `shaping.Shaper` turns values into an
item's key, payload and digest; `pictures` and `fetching` look at images. Nothing here knows the database.
"""
