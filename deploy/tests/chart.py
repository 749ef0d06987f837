"""The chart: linted and rendered by helm 3 and 4 alike, valid for two versions of Kubernetes with no
field that they do not know, and equal to the plain manifests.

    deploy/tests/run chart
    deploy/tests/run manifests     writes deploy/manifests anew
"""
import json
import re
import subprocess
import tempfile

import kubernetes_validate
import yaml

import api_server
import pods
from clients import HOST
from helm import CHART, DEPLOY, HELMS, VARIANTS, named, objects, plain, render, rendered, sets

PLAIN = DEPLOY / "manifests/hawser-relay.yaml"
KUBERNETES = ["1.33", "1.37"]

# Values that must be refused, with what the answer must say.
REFUSED = {
    "replcas=2": "replcas",
    "relay.drainSeconds=0": "drainSeconds",
    "relay.domainId=255": "domainId",
    "relay.settings.listen=1": "listen",
    "relay.settings.peer-slot=1": "peer-slot",
    "relay.settings.connections=1": "connections",
    "relay.connections=none": "connections",
    "autoscaling.enabled=true,autoscaling.tunnels=10001": "at most 10000 tunnels",
    "autoscaling.enabled=true,autoscaling.minReplicas=13": "minReplicas is more than",
    "relay.settings.close-time=60s": "close-time",
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


def check_lint():
    for helm in HELMS:
        for settings in VARIANTS.values():
            command = [helm, "lint", "--strict", str(CHART), *sets(settings)]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stdout + done.stderr


def check_helms_agree():
    for name, settings in VARIANTS.items():
        first, second = (objects(rendered(helm, settings)) for helm in HELMS)
        assert first == second, name


def check_switches():
    """What a switch adds or takes away is in a variant with it and in one without."""
    values = yaml.safe_load((CHART / "values.yaml").read_text())
    for name, value in leaves(values):
        if isinstance(value, bool):
            other = f"{name}={str(not value).lower()}"
            assert any(other in settings for settings in VARIANTS.values()), f"no variant has {other}"


def check_refused():
    said = set()
    for setting, reason in REFUSED.items():
        for helm in HELMS:
            done = render(helm, [setting])
            assert done.returncode != 0, f"{setting} is taken"
            assert reason in done.stderr, f"{setting}: {done.stderr}"
            said.update(re.findall(r"execution error at \(.*?\): (.*)", done.stderr))
    # Each refusal of the templates themselves is among them.
    fails = (CHART / "templates/_helpers.tpl").read_text().count("{{- fail ")
    assert len(said) == fails, f"{fails} refusals, of which these were met: {said}"


def check_settings():
    """No flag that the chart gives can be given a second time."""
    schema = json.loads((CHART / "values.schema.json").read_text())
    refused = schema["properties"]["relay"]["properties"]["settings"]["propertyNames"]["not"]["enum"]
    pod = named(objects(rendered("helm3", VARIANTS["everything"])), "StatefulSet")["spec"]["template"]["spec"]
    given = {flag.removeprefix("--").split("=")[0] for flag in pod["containers"][0]["args"]}
    assert given - set(refused) == {"client-connections"}, given - set(refused)


def leaves(tree, path=()):
    """Name and value of everything that can be set."""
    for key, value in tree.items():
        if isinstance(value, dict) and value:
            yield from leaves(value, (*path, key))
        else:
            yield ".".join((*path, key)), value


def check_every_value_counts():
    """A value that changes nothing would be a lie."""
    values = yaml.safe_load((CHART / "values.yaml").read_text())
    text = "\n".join(path.read_text() for path in sorted((CHART / "templates").iterdir()))
    # Some are written out as a whole.
    whole = ["resources", "ingress.annotations"]
    for leaf, _ in leaves(values):
        names = [leaf, *(part for part in whole if leaf.startswith(part + "."))]
        assert any(re.search(rf"\.Values\.{re.escape(name)}(?![\w.])", text) for name in names), leaf


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


def check_autoscaling():
    """Switching it on or upgrading leaves as many instances as there are: a StatefulSet that says nothing
    about replicas, and did before, has one."""
    with api_server.running(replicas=7) as kubeconfig:
        for helm in HELMS:
            asked = ["--dry-run=server", "--kubeconfig", kubeconfig, "--disable-openapi-validation"]
            things = objects(rendered(helm, ["autoscaling.enabled=true"], *asked))
            assert named(things, "StatefulSet")["spec"]["replicas"] == 7, helm
    things = objects(rendered("helm3", ["autoscaling.enabled=true"]))
    assert "replicas" not in named(things, "StatefulSet")["spec"]


def run(types):
    check_lint()
    check_helms_agree()
    check_switches()
    check_refused()
    check_settings()
    check_every_value_counts()
    check_schemas()
    check_extensions(types)
    check_plain()
    check_numbers()
    check_room()
    check_upgrades()
    check_scrapes()
    check_names()
    check_autoscaling()
    pods.run()
