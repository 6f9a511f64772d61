// Package plugins registers the service discovery that a Prometheus of the kit needs, in place of that of 25 clouds.
package plugins

import (
	_ "github.com/prometheus/prometheus/discovery/dns"
	_ "github.com/prometheus/prometheus/discovery/kubernetes"
)
