"""What of the spool the agent may read, when it runs as a user of its own in the recorder's group. Constants only.

The process's umask decides: 027 lets the group in, 077 (one user for all) does not. The index and whole segments are
all the agent needs; chain files, journals and what was set aside stay the recorder's alone.
"""

SHARED_DIRECTORY = 0o750
SHARED_FILE = 0o640
