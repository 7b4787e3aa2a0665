"""What the commits of a SampleDB's life say, without its name in front."""

from __future__ import annotations

PROVISION = [
    "provision, step 1 of 3: start the server",
    "provision, step 2 of 3: initialise the database",
    "provision, step 3 of 3: initialised; remove the Job",
]
DELETE = [
    "delete, step 1 of 5: take the final backup",
    "delete, step 2 of 5: stop the server, release the data volume",
    "delete, step 3 of 5: remove the workload",
    "delete, step 4 of 5: remove the directory",
]
