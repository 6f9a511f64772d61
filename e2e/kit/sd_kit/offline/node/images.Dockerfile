# The images of the system pods. Most contain only their static program.
FROM scratch AS kube-apiserver
COPY kube-apiserver /usr/local/bin/

FROM scratch AS kube-controller-manager
COPY kube-controller-manager /usr/local/bin/

FROM scratch AS kube-scheduler
COPY kube-scheduler /usr/local/bin/

FROM scratch AS etcd
COPY etcd /usr/local/bin/

FROM scratch AS coredns
COPY coredns /usr/local/bin/
ENTRYPOINT ["/usr/local/bin/coredns"]

FROM scratch AS pause
COPY pause /usr/local/bin/
USER 65535:65535
ENTRYPOINT ["/usr/local/bin/pause"]

# kube-proxy runs iptables and conntrack.
FROM debian:bookworm-slim AS kube-proxy
RUN apt-get update \
    && apt-get install -y --no-install-recommends conntrack iptables kmod nftables \
    && rm -rf /var/lib/apt/lists/*
COPY kube-proxy /usr/local/bin/
