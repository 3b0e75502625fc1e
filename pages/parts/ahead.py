"""Before the first reader comes: what pages import is imported, the default model loaded, and both set aside.

Streamlit collects garbage whenever a page has run. Each time it would walk through every object of the libraries, a
seventh of a second in which no other page and no answer moves; what is set aside is not walked through.
"""

from __future__ import annotations

import gc
import importlib
import pkgutil

from pages import parts
from pages.parts.lab.setting import lab_is_open
from pages.parts.models import choices, network


def get_ready() -> None:
    """Import and load what every session shares, the lab's parts only where it is open. What sessions make is collected as ever."""
    for module in pkgutil.walk_packages(parts.__path__, f"{parts.__name__}."):
        if lab_is_open() or not module.name.startswith(f"{parts.__name__}.lab."):
            importlib.import_module(module.name)
    network(next(iter(choices()), None))
    gc.collect()
    gc.freeze()
