"""Which pages there are."""

import streamlit as st

from pages.parts.desk import Desk
from pages.parts.form import collect
from pages.parts.guard import guard
from pages.parts.lab.setting import lab_is_open

st.set_page_config(
    page_title="Mammography reading room", page_icon="◐", layout="wide", initial_sidebar_state="collapsed"
)
pages = [
    st.Page("read.py", title="Read", default=True),
    st.Page("report.py", title="Report", url_path="report"),
    st.Page("model.py", title="Model", url_path="model"),
    st.Page("cytology.py", title="Cytology", url_path="cytology"),
]
if lab_is_open():
    pages += [
        st.Page("train.py", title="Train", url_path="train"),
        st.Page("runs.py", title="Runs", url_path="runs"),
    ]
page = st.navigation(pages, position="hidden")
desk = Desk.of_session()
collect(desk)  # before any page: words may still be on their way when the page is changed
page.run()
guard(desk)
