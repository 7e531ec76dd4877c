# syntax=docker/dockerfile:1
# Kinora with all it needs but model files. docs/deploy.md says how to run it; tools/clean_root.py builds and runs it
# without a container engine.

# NVIDIA's smallest image with the CUDA runtime of the release that torch's wheels are made for: it lets the container
# runtime find the GPU, and older drivers of data centres run CUDA 13. cuDNN, cuBLAS and the rest come in torch's wheels.
FROM nvidia/cuda:13.0.2-base-ubuntu24.04 AS base
# Ubuntu's archive keeps only the newest build of a package: a pinned one could not be fetched later.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates python3 \
    && rm -rf /var/lib/apt/lists/*

FROM base AS packages
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends git python3-venv \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /kinora
COPY requirements.txt requirements.lock ./
RUN --mount=type=cache,target=/root/.cache/pip \
    python3 -m venv /venv \
    && /venv/bin/pip install --requirement requirements.txt --constraint requirements.lock

FROM packages AS comfyui
COPY comfyui comfyui
# Pinned by commit, or by the hash of an archive; it is verified before any of it runs.
RUN /venv/bin/python comfyui/install.py

FROM base
RUN useradd --uid 10001 --home-dir /cache kinora \
    && install --directory --owner=kinora --group=kinora /cache /data /data/models /models
WORKDIR /kinora
COPY --from=packages /venv /venv
COPY --from=comfyui /kinora/comfyui/source comfyui/source
COPY . .
# The user who runs it may not write here, so what Python would compile at each start is compiled now.
RUN /venv/bin/python -m compileall -q .

ENV PATH=/venv/bin:$PATH \
    HF_HOME=/cache/huggingface \
    KINORA_HOME=/data \
    KINORA_MODELS_DIRS='["/models"]' \
    KINORA_HOST=0.0.0.0
USER 10001
VOLUME ["/data", "/data/models", "/cache"]
EXPOSE 7860
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --start-interval=1s \
    CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:7860/api/v1/health', timeout=4)"]
CMD ["python", "app.py"]
