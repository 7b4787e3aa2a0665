"""Backups in an S3 store: what the Jobs run, in this program's own image, beside the server's.

`python3 -m renderer.objectstore put` uploads a backup that lies in a folder, reads all of it
back and removes old ones; `get` brings one into a folder. Nothing of it runs in the controller.
"""
