"""Train: pictures, a recipe, and a network that learns on this machine while the page may be closed."""

import streamlit as st

from pages.parts.lab import data, layers, recipes, start
from pages.parts.lab.frame import sheet
from pages.parts.lab.going import going
from pages.parts.lab.setting import can_train
from pages.parts.look import write

with sheet("train.py", "Train"):
    if not can_train():
        write(
            "amber",
            "TensorFlow is not installed here, so nothing can be trained. Runs and models can still be looked at.",
        )
    with st.container(key="lab", horizontal=True, gap="large"):
        left, right = st.container(key="choices", gap="small"), st.container(key="going", gap="small")
    with left:
        pictures = data.choose()
        offer = recipes.choose()
        if offer:
            with st.expander("The system it stands for, and why figures differ", key="system"):
                recipes.system(offer)
            with st.expander("Everything the recipe says", key="parameters"):
                recipes.parameters(offer)
            with st.expander("Layers and parameters", key="layers", on_change="rerun") as layer_table:
                if layer_table.open:
                    layers.layers(offer)
        start.start(pictures, offer)
    with right:
        going()
