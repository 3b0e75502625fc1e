"""Which pages there are. Every page is dressed alike before it runs."""

import streamlit as st

from pages.parts.look import dress

st.set_page_config(
    page_title="Mammography reading room", page_icon="◐", layout="wide", initial_sidebar_state="collapsed"
)
page = st.navigation(
    [st.Page("pages/read.py", title="Read", default=True), st.Page("pages/model.py", title="Model", url_path="model")],
    position="hidden",
)
dress()
page.run()
