"""The chart as helm 3 and 4 render it, and the settings that the checks render it with."""
import pathlib
import re
import subprocess

import yaml

from clients import HOST

DEPLOY = pathlib.Path(__file__).parent.parent
CHART = DEPLOY / "helm/hawser-relay"
HELMS = ["helm3", "helm4"]

# Every switch is on in one of these and off in another.
VARIANTS = {
    "default": [],
    "alone": ["replicas=1", "peers.enabled=false", "tls.enabled=false", "monitoring.annotations=false"],
    "bare": ["networkPolicy.enabled=false", "podDisruptionBudget.enabled=false"],
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


def sets(settings):
    return [part for setting in settings for part in ("--set", setting)]


def render(helm, settings, *more):
    command = [helm, "template", "hawser-relay", str(CHART), "--namespace", "hawser", *sets(settings), *more]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def rendered(helm, settings, *more):
    done = render(helm, settings, *more)
    assert done.returncode == 0, done.stderr
    return done.stdout


def objects(text):
    found = [thing for thing in yaml.safe_load_all(text) if thing]
    return sorted(found, key=lambda thing: (thing["kind"], thing["metadata"]["name"]))


def named(things, kind):
    return next(thing for thing in things if thing["kind"] == kind)


def plain():
    """The manifests for those without Helm."""
    text = rendered("helm3", [])
    # Which template a part comes from is of no use without templates, and blank lines differ.
    text = re.sub(r"^# Source: .*\n", "", text, flags=re.MULTILINE)
    text = re.sub(r"\n{2,}", "\n", text)
    return (
        "# Rendered from deploy/helm/hawser-relay by `deploy/tests/run manifests`: change that, not this.\n"
        "# Needs the Secrets hawser-relay-tls and hawser-relay-peer-key: docs/kubernetes.md.\n" + text
    )
