# syntax=docker/dockerfile:1
# One image for web, worker, beat and migrations; docker-compose.yml says how each is started.

FROM python:3.11-slim AS packages
WORKDIR /srv/tapedeck
COPY manage.py package.json package-lock.json .npmrc ./
COPY config/bootstrap.py config/
COPY requirements/ requirements/
# the same set-up as on any machine: hash-pinned packages, JavaScript libraries by their lock; Parquet for imports
RUN python3 manage.py extra parquet && rm -rf .setup

FROM python:3.11-slim
RUN useradd --system --uid 10001 --home-dir /data --shell /usr/sbin/nologin tapedeck \
    && install -d -o tapedeck -g tapedeck /data /srv/static
WORKDIR /srv/tapedeck
COPY --from=packages /srv/tapedeck/.venv .venv
COPY --from=packages /srv/tapedeck/node_modules node_modules
COPY . .
# NUMBA_CPU_NAME: kernels compiled while the image is built must run, and be found, on every machine that pulls it
ENV PATH=/srv/tapedeck/.venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    NO_BOOTSTRAP=1 \
    NUMBA_CPU_NAME=generic \
    TAPEDECK_DATA_DIR=/data \
    STATIC_ROOT=/srv/static
USER tapedeck
RUN export SECRET_KEY=only-while-building \
    && python manage.py collectstatic --noinput \
    && python -c "import config.settings; from apps.engine.warm import warm; warm()"
VOLUME /data
EXPOSE 8000
CMD ["daphne", "-b", "0.0.0.0", "-p", "8000", "config.asgi:application"]
