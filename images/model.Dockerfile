# check=skip=SecretsUsedInArgOrEnv
# An image with a model: the model alone, for an image volume (`--target model`), or a server that includes it.
# It needs no build context: docker build --build-arg SERVER_IMAGE=… --secret id=hf_token,src=FILE - < images/model.Dockerfile

ARG SERVER_IMAGE=sd-triton-server:dev

# --- Download the model. Only this stage has the token, and the next stages copy only the model's files.
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

# --- A server with the model; the command `engine` of sd-server reads model.env.
FROM ${SERVER_IMAGE} AS server
COPY --chown=0:0 --from=download /models /opt/sd/models
