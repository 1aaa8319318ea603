{{- define "zosma.name" -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- end -}}

{{- define "zosma.labels" -}}
app.kubernetes.io/name: zosma
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end -}}

{{- define "zosma.selector" -}}
app.kubernetes.io/name: zosma
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "zosma.secret" -}}
{{- .Values.secrets.existing | default (include "zosma.name" .) -}}
{{- end -}}

{{- define "zosma.image" -}}
{{ .image.repository }}:{{ .image.tag | default .version }}
{{- end -}}

{{- /* As an own user, with nothing to write to but what is mounted. 1000 is the images' user. */ -}}
{{- define "zosma.podSecurity" -}}
runAsNonRoot: true
runAsUser: 1000
runAsGroup: 1000
fsGroup: 1000
seccompProfile: {type: RuntimeDefault}
{{- end -}}

{{- define "zosma.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end -}}

{{- define "zosma.fromSecret" -}}
valueFrom: {secretKeyRef: {name: {{ include "zosma.secret" .root }}, key: {{ .key }}{{ if .optional }}, optional: true{{ end }}}}
{{- end -}}

{{- /* Where finished pictures are kept, and the key to it where pods have none of their own. */ -}}
{{- define "zosma.results" -}}
{{- with .root.Values.results.url -}}
- {name: RESULTS_URL, value: {{ . | quote }}}
{{- end }}
{{- if and .root.Values.results.url (or .key.id .root.Values.secrets.existing) }}
{{- range $name := list "AWS_ACCESS_KEY_ID" "AWS_SECRET_ACCESS_KEY" }}
- name: {{ $name }}
  {{ include "zosma.fromSecret" (dict "root" $.root "key" (printf "%s_%s" $.who $name) "optional" true) | nindent 2 | trim }}
{{- end }}
{{- end }}
{{- end -}}
