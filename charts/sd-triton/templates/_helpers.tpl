{{/* The name of the installation: the release's name, which is prefixed to sd-triton unless it contains it. */}}
{{- define "installation.name" -}}
{{- $release := ternary .Release.Name (printf "%s-sd-triton" .Release.Name) (contains "sd-triton" .Release.Name) -}}
{{- $release | trunc 53 | trimSuffix "-" -}}
{{- end -}}

{{- define "operator.name" -}}
{{- printf "%s-operator" (include "installation.name" .) -}}
{{- end -}}

{{- define "operator.selector" -}}
app.kubernetes.io/name: sd-triton-operator
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "operator.labels" -}}
{{ include "operator.selector" . }}
{{ include "installation.labels" . }}
app.kubernetes.io/component: operator
{{- end -}}

{{- define "installation.labels" -}}
app.kubernetes.io/version: {{ .Chart.AppVersion }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/part-of: sd-triton
{{- end -}}
