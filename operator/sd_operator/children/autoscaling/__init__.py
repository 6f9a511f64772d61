"""The autoscaler objects: a HorizontalPodAutoscaler or KEDA's ScaledObject."""
