// Package plugins replaces Prometheus's own: it registers only the service discovery that the kit needs.
package plugins

import (
	_ "github.com/prometheus/prometheus/discovery/dns"
	_ "github.com/prometheus/prometheus/discovery/kubernetes"
)
