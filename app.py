"""The app: the navigation script, and the route that serves pixels. Start it with `streamlit run app.py`."""

import streamlit as st
from starlette.routing import Route

from pages.parts.shelf import serve

app = st.App("navigation.py", routes=[Route("/pixels/{token}/{name}", serve)])
