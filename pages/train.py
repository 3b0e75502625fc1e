"""Train: pictures, a recipe, and a network that learns on this machine while the page may be closed."""

import streamlit as st

from pages.parts.lab import data, recipes, start
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
        start.start(pictures, offer)
        if offer:
            recipes.more(offer)
    with right:
        going()
