# check=skip=SecretsUsedInArgOrEnv
# A model in an image: alone, to be mounted as a volume (`--target model`), or in a server that needs nothing else.
# It takes no build context: docker build --build-arg SERVER_IMAGE=… --secret id=hf_token,src=FILE - < images/model.Dockerfile

ARG SERVER_IMAGE=sd-triton-server:dev

# --- Gets the model. The token is known to this stage only, and nothing of it goes on but the model's own files.
FROM ${SERVER_IMAGE} AS download
ARG PIPELINE=pyannote/speaker-diarization-community-1
ARG REVISION=main
ARG HUB_ENDPOINT=https://huggingface.co
ARG HUGGING_FACE_HUB_TOKEN
RUN --mount=type=secret,id=hf_token,uid=1000 \
    --mount=type=secret,id=ca,uid=1000 \
    set -- --pipeline "$PIPELINE" --revision "$REVISION" --endpoint "$HUB_ENDPOINT" --cache /models \
 && { [ ! -f /run/secrets/hf_token ] || set -- "$@" --token-file /run/secrets/hf_token; } \
 && { [ ! -f /run/secrets/ca ] || set -- "$@" --ca-bundle /run/secrets/ca; } \
 && sd-server models download "$@" \
 && rm -r /models/.lock /models/.partial \
 && cd /models/*/* \
 && echo "SD_MODEL_DIR=/opt/sd$PWD SD_MODEL_DIGEST=sha256:$(sha256sum manifest.json | cut -c 1-64)" > /models/model.env

# --- The model alone.
FROM scratch AS model
COPY --chown=0:0 --from=download /models/*/*/ /

# --- A server with the model, which its command finds.
FROM ${SERVER_IMAGE} AS server
COPY --chown=0:0 --from=download /models /opt/sd/models
