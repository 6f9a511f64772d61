"""How a model comes to a service: asked for, downloaded, checked and kept, by the one part that ever sees a token."""
