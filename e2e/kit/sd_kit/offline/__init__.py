"""Builds of all that a machine without an image registry lacks: Kubernetes, its node image, docker, Debian images.

The sources are Go modules and Debian packages. On a machine that can pull public images, only the command line tools
(kind, kubectl, helm, …) are built here.
"""
