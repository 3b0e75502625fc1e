"""Model: a model's card as a page, drawn from its sealed files. Every figure says on whom it was measured and how sure it is."""

import streamlit as st

from pages.parts.calibration import calibration
from pages.parts.card import data_and_protocol, in_short, learning, pointing, weights
from pages.parts.groups import subgroups
from pages.parts.lab.frame import links
from pages.parts.look import DISCLAIMER, write
from pages.parts.models import choices, network
from pages.parts.separation import separation
from pages.parts.thresholds import thresholds

PARTS = {
    "In short": (in_short,),
    "Data and protocol": (data_and_protocol,),
    "Separation": (separation,),
    "Thresholds": (thresholds,),
    "Calibration": (calibration, weights),
    "Subgroups": (subgroups,),
    "Pointing": (pointing,),
    "Training": (learning,),
}

with st.container(key="sheet"):
    links("model.py")
    folders = choices()
    names = [folder.name for folder in folders]
    chosen = st.selectbox("Model", names, key="card_of") if len(names) > 1 else next(iter(names), None)
    net = network(folders[names.index(chosen)] if chosen else None)
    if isinstance(net, str):
        st.markdown("### Model")
        write("amber", net)
    else:
        card = net.artefact.card
        st.markdown(f"### {card['title']}")
        write("quiet", f"{net.name} · SHA-256 {net.artefact.digest[:16]}…")
        write("amber", DISCLAIMER)
        for tab, parts in zip(st.tabs(list(PARTS), key="part", on_change="rerun"), PARTS.values(), strict=True):
            if tab.open:  # Only the part that is looked at is worked out.
                with tab:
                    for part in parts:
                        part(net.artefact, card)
    write("small", DISCLAIMER)
