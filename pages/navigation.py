"""Which pages there are."""

import streamlit as st

from pages.parts.desk import Desk
from pages.parts.form import collect
from pages.parts.guard import guard

st.set_page_config(
    page_title="Mammography reading room", page_icon="◐", layout="wide", initial_sidebar_state="collapsed"
)
page = st.navigation(
    [
        st.Page("read.py", title="Read", default=True),
        st.Page("report.py", title="Report", url_path="report"),
        st.Page("model.py", title="Model", url_path="model"),
    st.Page("cytology.py", title="Cytology", url_path="cytology"),
    ],
    position="hidden",
)
desk = Desk.of_session()
collect(desk)  # before any page: words may still be on their way when the page is changed
page.run()
guard(desk)
