#!/bin/sh
# Stores the images of an archive in containerd's folder, without a node: `store-images.sh ARCHIVE`.
# They are not unpacked: that is the node's work, on the file system that it will have.
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
wait "$daemon" || true # it ends with the signal's code
rm -rf /tmp/containerd.log /run/containerd
