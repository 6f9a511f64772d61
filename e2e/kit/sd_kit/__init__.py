"""A kind cluster on one machine, the project's images in it, and a cache of everything it is made of."""
