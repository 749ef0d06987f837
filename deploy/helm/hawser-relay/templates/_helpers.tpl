{{- define "hawser-relay.name" -}}
{{- if contains .Chart.Name .Release.Name }}{{ .Release.Name | trunc 52 | trimSuffix "-" }}{{ else }}{{ printf "%s-%s" .Release.Name .Chart.Name | trunc 52 | trimSuffix "-" }}{{ end }}
{{- end }}

{{- define "hawser-relay.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "hawser-relay.labels" -}}
{{ include "hawser-relay.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/part-of: hawser
{{- end }}

{{- define "hawser-relay.image" -}}
{{ .Values.image.repository }}{{ if .Values.image.digest }}@{{ .Values.image.digest }}{{ else }}:{{ .Values.image.tag | default .Chart.AppVersion }}{{ end }}
{{- end }}

{{- define "hawser-relay.port" -}}
{{ if .Values.tls.enabled }}https{{ else }}http{{ end }}
{{- end }}

{{- /* What no schema can say. */ -}}
{{- define "hawser-relay.check" -}}
{{- $most := .Values.replicas | int }}
{{- if .Values.autoscaling.enabled }}{{ $most = .Values.autoscaling.maxReplicas | int }}{{ end }}
{{- if and (not .Values.peers.enabled) (gt $most 1) }}
{{- fail "several instances need peers.enabled: a laptop that reaches the wrong one would find no tunnel" }}
{{- end }}
{{- if and .Values.peers.enabled (gt $most (int .Values.peers.count)) }}
{{- fail (printf "peers.count is %d, but there may be %d instances; raise it" (int .Values.peers.count) $most) }}
{{- end }}
{{- if and .Values.autoscaling.enabled (gt (int .Values.autoscaling.minReplicas) (int .Values.autoscaling.maxReplicas)) }}
{{- fail "autoscaling.minReplicas is more than autoscaling.maxReplicas" }}
{{- end }}
{{- if and .Values.autoscaling.enabled (gt (mul 2 (int64 .Values.autoscaling.tunnels)) (int64 .Values.relay.connections)) }}
{{- fail (printf "an instance has at most %d tunnels (relay.connections is %d, and a tunnel has two), so it would never have the %d of autoscaling.tunnels" (div (int64 .Values.relay.connections) 2) (int64 .Values.relay.connections) (int64 .Values.autoscaling.tunnels)) }}
{{- end }}
{{- if and .Values.tls.certManager.enabled (not .Values.tls.certManager.dnsNames) }}
{{- fail "tls.certManager.dnsNames is empty: name the tunnel domain's host" }}
{{- end }}
{{- if and .Values.ingress.enabled (not .Values.ingress.host) }}
{{- fail "ingress.host is empty: name the tunnel domain's host" }}
{{- end }}
{{- if and .Values.gateway.enabled (not (and .Values.gateway.host .Values.gateway.name)) }}
{{- fail "gateway.host and gateway.name are needed: the tunnel domain's host, and the Gateway to attach to" }}
{{- end }}
{{- if and .Values.gateway.enabled .Values.tls.enabled (not .Values.gateway.backendTls) }}
{{- fail "a Gateway speaks plain HTTP to the relay: set tls.enabled=false, or gateway.backendTls=true with a BackendTLSPolicy of yours" }}
{{- end }}
{{- if and (ne .Values.relay.clientAddressFrom "connection") (not .Values.relay.trustedProxies) }}
{{- fail "relay.clientAddressFrom needs relay.trustedProxies: nobody is trusted to tell addresses" }}
{{- end }}
{{- end }}
