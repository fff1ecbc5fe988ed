"""libav, all of it: PyAV loads its parts when they are first wanted, and in the cleaner nothing can be loaded by then.

Runs in the cleaner alone: nothing else may import this.
"""

from __future__ import annotations

import pkgutil
from importlib import import_module

import av

for _part in pkgutil.walk_packages(av.__path__, "av."):
    if not _part.name.startswith("av.__main__"):
        import_module(_part.name)
av.logging.set_level(None)
