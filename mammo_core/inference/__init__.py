"""From a prepared picture to scores: verified artefacts, the runtime, maps, foci and the combination rules.

Knows nothing of files of pictures, of screens or of Keras. A model folder with one wrong byte is refused as a
whole (`ArtefactMismatch`); a picture the networks were not made for is named as such and never scored.
"""

from mammo_core.inference.artefact import (
    MAPS,
    Artefact,
    available,
    default_model,
    find_model,
    load_artefact,
    models_root,
    seal,
)
from mammo_core.inference.combine import combine
from mammo_core.inference.evidence import JudgedSet, history, judged
from mammo_core.inference.foci import find_foci
from mammo_core.inference.meaning import map_meaning, meaning
from mammo_core.inference.network import Network, heat_map
from mammo_core.inference.sealed import ArtefactMismatch

__all__ = [
    "MAPS",
    "Artefact",
    "ArtefactMismatch",
    "JudgedSet",
    "Network",
    "available",
    "combine",
    "default_model",
    "find_foci",
    "find_model",
    "heat_map",
    "history",
    "judged",
    "load_artefact",
    "map_meaning",
    "meaning",
    "models_root",
    "seal",
]
