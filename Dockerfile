# The app in a container. How to run it, and what to put in front: docs/deploy.md.
#
#   docker build -t mammo .
#   docker run --rm --read-only --tmpfs /tmp -p 127.0.0.1:8501:8501 mammo
#
# Every dependency is a wheel that brings its libraries along, so that nothing is built and one stage is enough.
FROM python:3.13-slim-trixie

ENV PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    STREAMLIT_SERVER_ADDRESS=0.0.0.0 \
    STREAMLIT_SERVER_PORT=8501 \
    MAMMO_LAB=0

WORKDIR /app

# Training alone needs these, and they are more than the rest together. Everything: --build-arg WITHOUT=nothing
ARG WITHOUT="tensorflow|keras|tf-keras-vis|libclang|grpcio|tensorboard|optuna"
COPY requirements.txt ./
RUN grep -vE "^($WITHOUT)==" requirements.txt > serving.txt \
    && pip install --no-cache-dir --no-deps --only-binary :all: -r serving.txt \
    && pip check

COPY LICENSE app.py ./
COPY .streamlit .streamlit
COPY examples/exam examples/exam
COPY models models
COPY pages pages
COPY mammo_core mammo_core
# Whoever built it may have files that only they can read.
RUN chmod -R a+rX . && python -m compileall -q app.py pages mammo_core

# A user of no name and no home: the app writes nothing.
USER 10001:10001

EXPOSE 8501
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s CMD ["python", "-c", "from http.client import HTTPConnection as To; from os import environ as e; from posixpath import join; to = To('127.0.0.1', int(e['STREAMLIT_SERVER_PORT']), timeout=4); to.request('GET', join('/', e.get('STREAMLIT_SERVER_BASE_URL_PATH', '').strip('/'), '_stcore/health')); raise SystemExit(to.getresponse().status != 200)"]

CMD ["streamlit", "run", "app.py"]
