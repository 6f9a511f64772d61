{{/* The operator's name: the release's, without saying sd-triton twice. */}}
{{- define "operator.name" -}}
{{- $release := ternary .Release.Name (printf "%s-sd-triton" .Release.Name) (contains "sd-triton" .Release.Name) -}}
{{- printf "%s-operator" ($release | trunc 54 | trimSuffix "-") -}}
{{- end -}}

{{- define "operator.selector" -}}
app.kubernetes.io/name: sd-triton-operator
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "operator.labels" -}}
{{ include "operator.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/part-of: sd-triton
app.kubernetes.io/component: operator
{{- end -}}
