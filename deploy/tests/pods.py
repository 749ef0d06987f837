"""What the chart's objects promise to each other, in every variant: pods have no right that they do not
need and time to end, and whatever names a port, a pod or another object means one that is there."""
from helm import VARIANTS, named, objects, rendered

# Objects with a pod template.
WORKLOADS = ("StatefulSet", "Job")


def of_kind(things, kind):
    return [thing for thing in things if thing["kind"] == kind]


def selects(selector, labels):
    return selector.items() <= labels.items()


def check_rights(things):
    """Those of Pod Security's `restricted`, a read-only root and a bound on memory."""
    for thing in things:
        if thing["kind"] not in WORKLOADS:
            continue
        pod = thing["spec"]["template"]["spec"]
        assert pod["automountServiceAccountToken"] is False
        # The programs refuse variables that they do not know.
        assert pod["enableServiceLinks"] is False
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        for container in pod["containers"]:
            rights = container["securityContext"]
            assert rights["readOnlyRootFilesystem"] is True
            assert rights["allowPrivilegeEscalation"] is False
            assert rights["capabilities"] == {"drop": ["ALL"]}
            assert container["resources"]["limits"]["memory"]


def check_ending(things):
    """The kubelet waits for all that an instance does before it ends."""
    pod = named(things, "StatefulSet")["spec"]["template"]["spec"]
    (relay,) = pod["containers"]
    flags = dict(flag.split("=", 1) for flag in relay["args"])
    drain, close = (int(flags[name].removesuffix("s")) for name in ("--drain-time", "--close-time"))
    stop = relay["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert pod["terminationGracePeriodSeconds"] >= stop + drain + close + 8


def check_ports(things):
    """From the listeners of the relay outwards."""
    (relay,) = named(things, "StatefulSet")["spec"]["template"]["spec"]["containers"]
    flags = dict(flag.split("=", 1) for flag in relay["args"])
    listening = {int(value.rsplit(":", 1)[1]) for name, value in flags.items() if name in ("--listen", "--admin", "--peer-listen")}
    ports = {port["name"]: port["containerPort"] for port in relay["ports"]}
    assert set(ports.values()) == listening, (ports, listening)
    assert relay["readinessProbe"]["httpGet"]["port"] == relay["livenessProbe"]["httpGet"]["port"] == "metrics"
    assert ports["metrics"] == int(flags["--admin"].rsplit(":", 1)[1])
    served = {}
    for service in of_kind(things, "Service"):
        for port in service["spec"]["ports"]:
            assert port["targetPort"] in ports, port
            served.setdefault(service["metadata"]["name"], []).append(port)
    if "--peer-template" in flags:
        service, port = flags["--peer-template"].split(".")[1], int(flags["--peer-template"].rsplit(":", 1)[1])
        # Names of a headless Service lead to pods, past the Service's own ports.
        assert service == named(things, "StatefulSet")["spec"]["serviceName"] and port == ports["peers"], flags
    for policy in of_kind(things, "NetworkPolicy"):
        let_in = {port["port"] for rule in policy["spec"]["ingress"] for port in rule["ports"]}
        assert let_in == listening, (let_in, listening)
    for ingress in of_kind(things, "Ingress"):
        backend = ingress["spec"]["rules"][0]["http"]["paths"][0]["backend"]["service"]
        assert backend["port"]["name"] in [port["name"] for port in served[backend["name"]]], backend
    for route in of_kind(things, "HTTPRoute"):
        (backend,) = route["spec"]["rules"][0]["backendRefs"]
        assert backend["port"] in [port["port"] for port in served[backend["name"]]], backend


def check_selectors(things):
    """They mean the relay's pods and those alone: a Job of the chart takes no client and counts for nothing."""
    relay = named(things, "StatefulSet")
    pods = {thing["kind"]: thing["spec"]["template"]["metadata"]["labels"] for thing in things if thing["kind"] in WORKLOADS}
    selectors = [relay["spec"]["selector"]["matchLabels"]]
    selectors += [thing["spec"]["selector"] for thing in of_kind(things, "Service")]
    selectors += [thing["spec"]["selector"]["matchLabels"] for thing in of_kind(things, "PodDisruptionBudget")]
    selectors += [thing["spec"]["podSelector"]["matchLabels"] for thing in of_kind(things, "NetworkPolicy")]
    for selector in selectors:
        assert [kind for kind, labels in pods.items() if selects(selector, labels)] == ["StatefulSet"], selector
    services = {thing["metadata"]["name"]: thing for thing in of_kind(things, "Service")}
    # Where instances find each other, also those that are not ready; clients are led to the ready ones.
    headless = services.pop(relay["spec"]["serviceName"])["spec"]
    assert headless["clusterIP"] == "None" and headless["publishNotReadyAddresses"] is True, headless
    (clients,) = services.values()
    assert not clients["spec"].get("publishNotReadyAddresses"), clients
    for monitor in of_kind(things, "ServiceMonitor"):
        selector = monitor["spec"]["selector"]["matchLabels"]
        watched = [thing for thing in of_kind(things, "Service") if selects(selector, thing["metadata"]["labels"])]
        assert [thing["metadata"]["name"] for thing in watched] == [relay["spec"]["serviceName"]], watched
        (endpoint,) = monitor["spec"]["endpoints"]
        assert endpoint["port"] in [port["name"] for port in watched[0]["spec"]["ports"]], endpoint
    for scaler in of_kind(things, "HorizontalPodAutoscaler"):
        target = scaler["spec"]["scaleTargetRef"]
        assert (target["kind"], target["name"]) == ("StatefulSet", relay["metadata"]["name"]), target


def check_files(things):
    """Files that flags name are in a volume that is mounted, and volumes are mounted."""
    for thing in things:
        if thing["kind"] not in WORKLOADS:
            continue
        pod = thing["spec"]["template"]["spec"]
        (container,) = pod["containers"]
        mounts = container.get("volumeMounts", [])
        assert {mount["name"] for mount in mounts} == {volume["name"] for volume in pod.get("volumes", [])}, pod
        paths = [flag.split("=", 1)[1] for flag in container["args"] if "=/" in flag]
        assert bool(paths) == bool(mounts), paths
        for path in paths:
            assert any(path.startswith(mount["mountPath"] + "/") for mount in mounts), path


def run():
    for name, settings in VARIANTS.items():
        things = objects(rendered("helm3", settings))
        for check in (check_rights, check_ending, check_ports, check_selectors, check_files):
            try:
                check(things)
            except (AssertionError, KeyError) as error:
                raise AssertionError(f"{name}: {check.__name__}: {error!r}") from error
