"""A table whose rows are known: to be found again behind an upgrade or a restore."""

import hashlib

NAME = "odd = 'name' \"x\""
"""A database's name that breaks whatever takes it for a connection string, or quotes it wrongly."""
QUOTED = '"odd = \'name\' ""x"""'
FILL = "CREATE TABLE things AS SELECT id, 'é' || id AS text FROM generate_series(1, 5000) AS id"
ROWS = (
    "SELECT encode(sha256(convert_to(string_agg(text, ',' ORDER BY id), 'UTF8')), 'hex') "
    "FROM things"
)
EXPECTED = hashlib.sha256(",".join(f"é{i}" for i in range(1, 5001)).encode()).hexdigest()
"""What `ROWS` answers after `FILL`."""
