"""The chart: linted and rendered by helm 3 and 4 alike, valid for two versions of Kubernetes with no
field that they do not know, and equal to the plain manifests.

    deploy/tests/run chart
    deploy/tests/run manifests     writes deploy/manifests anew
"""
import http.server
import json
import pathlib
import re
import subprocess
import tempfile
import threading

import kubernetes_validate
import yaml

from clients import HOST

DEPLOY = pathlib.Path(__file__).parent.parent
CHART = DEPLOY / "helm/hawser-relay"
PLAIN = DEPLOY / "manifests/hawser-relay.yaml"
HELMS = ["helm3", "helm4"]
KUBERNETES = ["1.33", "1.37"]

# Every template and every branch of one appears in these.
VARIANTS = {
    "default": [],
    "alone": ["replicas=1", "peers.enabled=false", "tls.enabled=false", "monitoring.annotations=false"],
    "everything": [
        "monitoring.operator=true", "monitoring.dashboard=true", "monitoring.labels.release=prometheus",
        "ingress.enabled=true", f"ingress.host={HOST}", "ingress.tlsSecret=edge",
        "gateway.enabled=true", f"gateway.host={HOST}", "gateway.name=edge", "gateway.namespace=edge",
        "gateway.backendTls=true", "loadtest.enabled=true", "loadtest.args={--rate=5}", "loadtest.caSecret=ca",
        "tls.certManager.enabled=true",
        f"tls.certManager.dnsNames={{{HOST}}}", "autoscaling.enabled=true", "podLabels.a=b",
        "podAnnotations.a=b", "nodeSelector.a=b", "priorityClassName=high", "relay.domainId=0",
        "relay.trustedProxies={10.0.0.0/8}", "relay.clientAddressFrom=proxy-protocol",
        "relay.settings.client-connections=5000", "service.type=LoadBalancer", "service.annotations.a=b",
        "service.loadBalancerClass=metallb", "imagePullSecrets[0].name=pull", "image.digest=sha256:" + "0" * 64,
        "networkPolicy.clients[0].ipBlock.cidr=10.0.0.0/8", "tolerations[0].key=a",
        "networkPolicy.probes[0].namespaceSelector.matchLabels.a=b",
        "podDisruptionBudget.maxUnavailable=25%",
    ],
}

# Values that must be refused, with what the answer must say.
REFUSED = {
    "replcas=2": "replcas",
    "relay.drainSeconds=0": "drainSeconds",
    "relay.domainId=255": "domainId",
    "relay.settings.listen=1": "not",
    "relay.settings.peer-slot=1": "not",
    "relay.settings.connections=1": "not",
    "relay.connections=none": "connections",
    "autoscaling.enabled=true,autoscaling.tunnels=10001": "at most 10000 tunnels",
    "relay.settings.close-time=60s": "not",
    "image.digest=latest": "digest",
    "peers.count=257": "count",
    "peers.enabled=false": "several instances need peers.enabled",
    "replicas=17": "peers.count is 16",
    "tls.certManager.enabled=true": "dnsNames is empty",
    "ingress.enabled=true": "ingress.host is empty",
    "gateway.enabled=true": "gateway.host and gateway.name",
    f"gateway.enabled=true,gateway.host={HOST},gateway.name=edge": "speaks plain HTTP",
    "podDisruptionBudget.maxUnavailable=0%": "maxUnavailable",
    "relay.clientAddressFrom=forwarded": "trustedProxies",
    "resources.limits.memory=lots": "memory",
}

# What Kubernetes itself does not define, by the package and type that does.
EXTENSIONS = {
    "HTTPRoute": "@kubernetes-models/gateway-api/gateway.networking.k8s.io/v1",
    "Certificate": "@kubernetes-models/cert-manager/cert-manager.io/v1",
    "ServiceMonitor": "@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1",
    "PrometheusRule": "@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1",
}


def render(helm, settings, *more):
    sets = [part for setting in settings for part in ("--set", setting)]
    command = [helm, "template", "hawser-relay", str(CHART), "--namespace", "hawser", *sets, *more]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def rendered(helm, settings, *more):
    done = render(helm, settings, *more)
    assert done.returncode == 0, done.stderr
    return done.stdout


def objects(text):
    found = [thing for thing in yaml.safe_load_all(text) if thing]
    return sorted(found, key=lambda thing: (thing["kind"], thing["metadata"]["name"]))


def plain():
    text = rendered("helm3", [])
    # Which template a part comes from is of no use without templates, and blank lines differ.
    text = re.sub(r"^# Source: .*\n", "", text, flags=re.MULTILINE)
    text = re.sub(r"\n{2,}", "\n", text)
    return (
        "# Rendered from deploy/helm/hawser-relay by `deploy/tests/run manifests`: change that, not this.\n"
        "# Needs the Secrets hawser-relay-tls and hawser-relay-peer-key: docs/kubernetes.md.\n" + text
    )


def check_lint():
    for helm in HELMS:
        for settings in VARIANTS.values():
            sets = [part for setting in settings for part in ("--set", setting)]
            done = subprocess.run([helm, "lint", "--strict", str(CHART), *sets], capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stdout + done.stderr


def check_helms_agree():
    for name, settings in VARIANTS.items():
        first, second = (objects(rendered(helm, settings)) for helm in HELMS)
        assert first == second, name


def check_refused():
    for setting, reason in REFUSED.items():
        for helm in HELMS:
            done = render(helm, [setting])
            assert done.returncode != 0, f"{setting} is taken"
            assert reason in done.stderr, f"{setting}: {done.stderr}"


def check_every_value_counts():
    """A value that changes nothing would be a lie."""
    values = yaml.safe_load((CHART / "values.yaml").read_text())
    text = "\n".join(path.read_text() for path in sorted((CHART / "templates").iterdir()))

    def leaves(tree, path):
        for key, value in tree.items():
            if isinstance(value, dict) and value:
                yield from leaves(value, [*path, key])
            else:
                yield ".".join([*path, key])

    # Some are written out as a whole.
    whole = ["resources", "ingress.annotations"]
    for leaf in leaves(values, []):
        names = [leaf, *(part for part in whole if leaf.startswith(part + "."))]
        assert any(f".Values.{name}" in text for name in names), leaf


def check_schemas():
    seen = set()
    for name, settings in VARIANTS.items():
        for thing in objects(rendered("helm3", settings)):
            if thing["kind"] in EXTENSIONS:
                continue
            seen.add(thing["kind"])
            for version in KUBERNETES:
                # Strict: a field that the version does not know is an error.
                try:
                    kubernetes_validate.validate(thing, version, strict=True)
                except kubernetes_validate.ValidationError as error:
                    raise AssertionError(f"{name}, {version}, {thing['kind']}: {error.message} at {list(error.path)}") from error
    wanted = {"StatefulSet", "Service", "PodDisruptionBudget", "HorizontalPodAutoscaler", "NetworkPolicy",
              "ConfigMap", "Ingress", "Job"}
    assert seen == wanted, seen ^ wanted
    # The check itself: a field that nobody knows is found.
    wrong = objects(rendered("helm3", []))[-1]
    wrong["spec"]["template"]["spec"]["containers"][0]["lifecycle"]["preStop"]["slep"] = {}
    try:
        kubernetes_validate.validate(wrong, KUBERNETES[0], strict=True)
    except kubernetes_validate.ValidationError:
        pass
    else:
        raise AssertionError("an unknown field passes")


def check_extensions(types):
    """Objects of the operators, against the types that are made from their definitions."""
    things = [thing for thing in objects(rendered("helm3", VARIANTS["everything"])) if thing["kind"] in EXTENSIONS]
    assert {thing["kind"] for thing in things} == set(EXTENSIONS)

    def errors(things):
        source = types / "chart.ts"
        lines = [f'import type {{ I{kind} }} from "{module}";' for kind, module in EXTENSIONS.items()]
        lines += [
            f"export const thing{n}: I{thing['kind']} = {json.dumps(thing)};" for n, thing in enumerate(things)
        ]
        source.write_text("\n".join(lines))
        command = ["node_modules/.bin/tsc", "--noEmit", "--strict", "--skipLibCheck", "--module", "nodenext",
                   "--moduleResolution", "nodenext", source.name]
        return subprocess.run(command, cwd=types, capture_output=True, text=True, check=False).stdout

    assert not errors(things), errors(things)
    things[0]["spec"]["bogus"] = 1
    assert "bogus" in errors(things), "an unknown field passes"


def check_plain():
    assert PLAIN.read_text() == plain(), "deploy/manifests is behind the chart: run deploy/tests/run manifests"
    assert objects(PLAIN.read_text()) == objects(rendered("helm4", []))


def check_promises():
    """What docs/kubernetes.md and the issue of security promise about pods."""
    for name, settings in VARIANTS.items():
        for thing in objects(rendered("helm3", settings)):
            if thing["kind"] not in ("StatefulSet", "Job"):
                continue
            pod = thing["spec"]["template"]["spec"]
            where = f"{name}, {thing['kind']}"
            assert pod["automountServiceAccountToken"] is False, where
            assert pod["securityContext"]["runAsNonRoot"] is True, where
            assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}, where
            for container in pod["containers"]:
                rights = container["securityContext"]
                assert rights["readOnlyRootFilesystem"] is True, where
                assert rights["allowPrivilegeEscalation"] is False, where
                assert rights["capabilities"] == {"drop": ["ALL"]}, where
                assert container["resources"]["limits"]["memory"], where
            if thing["kind"] == "StatefulSet":
                container = pod["containers"][0]
                drain, close = (
                    next(int(flag.split("=")[1][:-1]) for flag in container["args"] if flag.startswith(name))
                    for name in ("--drain-time=", "--close-time=")
                )
                stop = container["lifecycle"]["preStop"]["sleep"]["seconds"]
                assert pod["terminationGracePeriodSeconds"] >= stop + drain + close + 8, where
    services = [thing for thing in objects(rendered("helm3", [])) if thing["kind"] == "Service"]
    assert [service["spec"].get("publishNotReadyAddresses", False) for service in services] == [False, True]


def named(things, kind):
    return next(thing for thing in things if thing["kind"] == kind)


def check_numbers():
    """What a values file says arrives as it was written: Helm reads numbers there as floats."""
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as values:
        values.write(
            "relay: {drainSeconds: 3600, connections: 1000000, settings: {client-connections: 5000000, log-level: 'info # all'}}\n"
            "autoscaling: {enabled: true, tunnels: 500000}\n"
        )
        values.flush()
        for helm in HELMS:
            things = objects(rendered(helm, [], "--values", values.name))
            arguments = named(things, "StatefulSet")["spec"]["template"]["spec"]["containers"][0]["args"]
            wanted = {"--client-connections=5000000", "--log-level=info # all", "--connections=1000000"}
            assert wanted <= set(arguments), arguments
            scaler = named(things, "HorizontalPodAutoscaler")["spec"]
            assert scaler["metrics"][0]["pods"]["target"]["averageValue"] == "500000", scaler
            # What the API server refuses, and no schema says.
            for policies in scaler["behavior"].values():
                assert all(0 < policy["periodSeconds"] <= 1800 for policy in policies["policies"]), policies


def check_room():
    """A crowd that takes every connection does not get a pod killed for its memory."""
    values = yaml.safe_load((CHART / "values.yaml").read_text())
    text = (CHART / "values.yaml").read_text()
    each, program = (float(re.search(pattern, text)[1]) for pattern in (r"connections x (\d+) KB", r"and (\d+) MiB for the program"))
    request, limit = (int(values["resources"][kind]["memory"].removesuffix("Mi")) for kind in ("requests", "limits"))
    taken = values["relay"]["connections"] * each * 1000 / 2**20 + program
    assert taken <= request <= limit / 2, (taken, request, limit)


def check_upgrades():
    """No value changes what an API server refuses to change: helm upgrade would fail, and need a delete."""
    fixed = ("serviceName", "selector", "podManagementPolicy", "volumeClaimTemplates")
    seen = []
    for settings in VARIANTS.values():
        things = objects(rendered("helm3", settings))
        spec = named(things, "StatefulSet")["spec"]
        ips = {thing["metadata"]["name"]: thing["spec"].get("clusterIP") for thing in things if thing["kind"] == "Service"}
        seen.append([*(spec.get(field) for field in fixed), ips])
    assert all(one == seen[0] for one in seen), seen


def check_scrapes():
    """Once: what is scraped twice is counted twice, by the autoscaler too."""
    for settings, annotated in ([], True), (["monitoring.operator=true"], False):
        pod = named(objects(rendered("helm3", settings)), "StatefulSet")["spec"]["template"]["metadata"]
        assert ("prometheus.io/scrape" in pod.get("annotations", {})) == annotated, settings


def check_names():
    """Names can be looked up where clusters answer: at pods, and at a cache of the node."""
    policy = named(objects(rendered("helm3", ["networkPolicy.dnsPort=5353"])), "NetworkPolicy")["spec"]
    asked = [(rule["ports"][0]["port"], list(rule["to"][0])) for rule in policy["egress"][1:]]
    assert asked == [(5353, ["namespaceSelector"]), (53, ["ipBlock"])], asked


class Cluster(http.server.BaseHTTPRequestHandler):
    """As much of an API server as tells Helm of a StatefulSet."""

    KINDS = {
        "v1": "Service", "apps/v1": "StatefulSet", "networking.k8s.io/v1": "NetworkPolicy",
        "policy/v1": "PodDisruptionBudget", "autoscaling/v2": "HorizontalPodAutoscaler",
    }

    def do_GET(self):
        groups = [version for version in self.KINDS if "/" in version]
        answers = {
            "/version": {"major": "1", "minor": "33", "gitVersion": "v1.33.0"},
            "/api": {"kind": "APIVersions", "versions": ["v1"]},
            "/apis": {"kind": "APIGroupList", "groups": [
                {"name": version.split("/")[0], "versions": [{"groupVersion": version, "version": version.split("/")[1]}]}
                for version in groups
            ]},
            "/apis/apps/v1/namespaces/hawser/statefulsets/hawser-relay": {
                "kind": "StatefulSet", "apiVersion": "apps/v1",
                "metadata": {
                    "name": "hawser-relay", "namespace": "hawser", "labels": {"app.kubernetes.io/managed-by": "Helm"},
                    "annotations": {"meta.helm.sh/release-name": "hawser-relay", "meta.helm.sh/release-namespace": "hawser"},
                },
                "spec": {"replicas": 7}},
        }
        for version, kind in self.KINDS.items():
            plural = re.sub("ys$", "ies", kind.lower() + "s")
            answers[f"/{'apis' if version in groups else 'api'}/{version}"] = {
                "kind": "APIResourceList", "groupVersion": version,
                "resources": [{"name": plural, "kind": kind, "namespaced": True, "verbs": ["get"]}],
            }
        answer = answers.get(self.path.split("?")[0])
        body = json.dumps(answer or {"kind": "Status", "status": "Failure", "code": 404, "reason": "NotFound"}).encode()
        self.send_response(200 if answer else 404)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def check_autoscaling():
    """Switching it on or upgrading leaves as many instances as there are: a StatefulSet that says nothing
    about replicas, and did before, has one."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Cluster)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with tempfile.NamedTemporaryFile("w") as config:
        json.dump({
            "apiVersion": "v1", "kind": "Config", "current-context": "it",
            "clusters": [{"name": "it", "cluster": {"server": f"http://127.0.0.1:{server.server_port}"}}],
            "contexts": [{"name": "it", "context": {"cluster": "it", "user": "it"}}],
            "users": [{"name": "it", "user": {}}],
        }, config)
        config.flush()
        for helm in HELMS:
            asked = ["--dry-run=server", "--kubeconfig", config.name, "--disable-openapi-validation"]
            things = objects(rendered(helm, ["autoscaling.enabled=true"], *asked))
            assert named(things, "StatefulSet")["spec"]["replicas"] == 7, helm
    server.shutdown()
    things = objects(rendered("helm3", ["autoscaling.enabled=true"]))
    assert "replicas" not in named(things, "StatefulSet")["spec"]


def run(types):
    check_lint()
    check_helms_agree()
    check_refused()
    check_every_value_counts()
    check_schemas()
    check_extensions(types)
    check_plain()
    check_promises()
    check_numbers()
    check_room()
    check_upgrades()
    check_scrapes()
    check_names()
    check_autoscaling()
