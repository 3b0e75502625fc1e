"""The app: navigation script, route of the pixels, style that comes first. Start it with `streamlit run app.py`."""

import sys
from pathlib import Path
from posixpath import join

import streamlit as st
from starlette.formparsers import MultiPartParser
from starlette.middleware import Middleware
from starlette.routing import Route

from pages.parts.first_paint import FirstPaint
from pages.parts.lifetime import lifetime
from pages.parts.shelf import serve

# Uploads arrive in memory: whatever is over 1 MB would lie in a temporary file meanwhile. Zero stands for no limit; how
# much may come is up to `server.maxUploadSize`.
MultiPartParser.spool_max_size = 0

NAVIGATION = Path(__file__).resolve().parent / "pages" / "navigation.py"
# Streamlit puts a script's folder on the import path for every run and takes it off again, unless it is there anyhow.
# What another run searches meanwhile moves under its hands, and is now and then not found.
sys.path.append(str(NAVIGATION.parent))

base = (st.get_option("server.baseUrlPath") or "").strip("/")
pixels = Route(join("/", base, "pixels/{token}/{name}"), serve)
app = st.App(NAVIGATION, routes=[pixels], middleware=[Middleware(FirstPaint)], lifespan=lifetime)
