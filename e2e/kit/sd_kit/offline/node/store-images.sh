#!/bin/sh
# Imports the images of an archive into containerd's content store: `store-images.sh ARCHIVE`.
# The node unpacks them at its start, because the snapshotter depends on its file system.
set -eu

containerd > /tmp/containerd.log 2>&1 &
daemon=$!
attempts=0
until ctr version > /dev/null 2>&1; do
    attempts=$((attempts + 1))
    if [ "$attempts" -gt 100 ]; then
        cat /tmp/containerd.log
        exit 1
    fi
    sleep 0.1
done
ctr --namespace k8s.io images import --no-unpack "$1" > /dev/null
kill "$daemon"
wait "$daemon" || true # the exit code is that of the signal
rm -rf /tmp/containerd.log /run/containerd
