# Two images, told apart by --target: `serving` answers requests, `training` trains and runs the MLflow server.
FROM python:3.11-slim-bookworm AS base
# Containers run as whoever owns the project's folder, a user this image does not know: caches need a place open to all.
RUN install -d -m 1777 /home/latentlens
ENV HOME=/home/latentlens \
    USER=latentlens \
    MPLCONFIGDIR=/home/latentlens/matplotlib \
    NUMBA_CACHE_DIR=/home/latentlens/numba \
    GIT_PYTHON_REFRESH=quiet \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    PATH=/opt/latentlens/bin:$PATH
WORKDIR /home/latentlens
COPY docker/as_owner.py docker/probe.py /opt/docker/
ENTRYPOINT ["python", "/opt/docker/as_owner.py"]

# Installs into /opt/latentlens, which alone is copied on: no installer, no cache.
FROM python:3.11-slim-bookworm AS installer
ARG UV_VERSION=0.13.9
# The system's certificates, so that a proxy's own can be among them.
ENV UV_SYSTEM_CERTS=1 UV_NO_CACHE=1 UV_COMPILE_BYTECODE=1 VIRTUAL_ENV=/opt/latentlens
RUN pip install --quiet --no-cache-dir --root-user-action=ignore uv==$UV_VERSION \
    && python -m venv --without-pip /opt/latentlens
WORKDIR /project

# LatentLens itself, laid over its dependencies last: a change of the source renews only this small layer.
FROM installer AS latentlens
COPY pyproject.toml README.md LICENSE locks/dev.txt ./
COPY src src
RUN uv pip install --quiet --no-deps --build-constraints dev.txt .

FROM installer AS training-parts
COPY locks/train.txt ./
RUN uv pip install --quiet --require-hashes -r train.txt
# MLflow notes pip's version in every model's environment, and complains where there is none.
RUN python -m venv /opt/latentlens

FROM base AS training
COPY --from=training-parts /opt/latentlens /opt/latentlens
COPY --from=latentlens /opt/latentlens /opt/latentlens
CMD ["latentlens", "--help"]

FROM installer AS serving-parts
COPY locks/serve.txt ./
RUN uv pip install --quiet --require-hashes -r serve.txt

FROM base AS serving
COPY --from=serving-parts /opt/latentlens /opt/latentlens
COPY --from=latentlens /opt/latentlens /opt/latentlens
EXPOSE 8000
CMD ["latentlens", "serve", "--host", "0.0.0.0"]
