"""Cytology: a table of cell-nucleus features in, the probability of malignancy of each row out. It has nothing to do with mammograms."""

import streamlit as st

from mammo_core.inference import ArtefactMismatch
from pages.parts.look import DISCLAIMER, write
from pages.parts.nuclei import model, table
from pages.parts.nuclei_figures import no_use, quality

PARTS = {"Table": table, "How good it is": quality, "What it is not for": no_use}

with st.container(key="sheet"):
    st.page_link("read.py", label="‹ Back to the exam")
    try:
        nuclei = model()
    except ArtefactMismatch as mismatch:
        nuclei = f"No probabilities: the model could not be verified. {mismatch}"
    if isinstance(nuclei, str):
        st.markdown("### Cytology")
        write("amber", nuclei)
    else:
        st.markdown(f"### {nuclei.card['title']}")
        write("quiet", f"{nuclei.name} · SHA-256 {nuclei.digest[:16]}…")
        write("amber", f"Fine-needle aspirates only; it reads no mammogram. {DISCLAIMER}")
        for tab, part in zip(st.tabs(list(PARTS), key="cytology_part", on_change="rerun"), PARTS.values(), strict=True):
            if tab.open:  # Only the part that is looked at is worked out.
                with tab:
                    part(nuclei)
    write("small", DISCLAIMER)
