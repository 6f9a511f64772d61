"""Programs that the parts run in processes of their own, because they import torch."""
