"""Alerts and dashboard: every query against the metrics that the relay exports.

docs/metrics.md lists those, and a test of the relay holds that page against its registry.
"""
import json
import pathlib
import re
import subprocess

import yaml

DEPLOY = pathlib.Path(__file__).parent.parent
DOCS = DEPLOY.parent / "docs"
FILES = DEPLOY / "helm/hawser-relay/files"
TESTS = DEPLOY / "tests/rules_test.yaml"
# Labels that are not the relay's: the scrape's.
OF_SCRAPE = {"namespace", "job", "instance", "pod", "le"}


def metrics():
    """Name to label to values, as docs/metrics.md has them."""
    found = {}
    for line in (DOCS / "metrics.md").read_text().splitlines():
        match = re.match(r"\| `(\w+)` \| (\w+) \| (.*?) \| ", line)
        if not match:
            continue
        name, kind, labels = match.groups()
        values = {
            label: set(re.split(r",\s*", text))
            for label, text in re.findall(r"`(\w+)`: ([^;]*)", labels)
        }
        names = [name]
        if kind == "histogram":
            names = [f"{name}_{part}" for part in ("bucket", "sum", "count")]
        found.update(dict.fromkeys(names, values))
    assert len(found) > 30, "docs/metrics.md cannot be read"
    return found


def rules():
    for group in yaml.safe_load((FILES / "rules.yaml").read_text())["groups"]:
        yield from group["rules"]


def queries():
    for rule in rules():
        yield rule.get("alert") or rule["record"], rule["expr"]
    dashboard = json.loads((FILES / "dashboard.json").read_text())
    for panel in dashboard["panels"]:
        for target in panel.get("targets", []):
            yield panel["title"], target["expr"]


def wrong(query, known):
    """What a query asks for that the relay does not export."""
    for name, matchers in re.findall(r"\b((?:hawser|process)_[\w:]+)\b(?:\{([^}]*)\})?", query):
        if name not in known:
            yield f"no metric {name}"
            continue
        for label, operator, value in re.findall(r'(\w+)\s*(=~|!~|!=|=)\s*"([^"]*)"', matchers):
            if label in OF_SCRAPE:
                continue
            if label not in known[name]:
                yield f"{name} has no label {label}"
                continue
            for one in value.split("|") if "~" in operator else [value]:
                if one not in known[name][label]:
                    yield f"{name} has no {label}={one}"
    for labels in re.findall(r"\b(?:by|on)\s*\(([^)]*)\)", query):
        own = {label for values in known.values() for label in values}
        for label in re.split(r",\s*", labels):
            if label not in OF_SCRAPE | own:
                yield f"grouped by {label}, which nothing has"


def check_queries():
    # What rules record has the labels of the scrape alone.
    known = metrics() | {rule["record"]: {} for rule in rules() if "record" in rule}
    asked = list(queries())
    assert len(asked) > 40
    for where, query in asked:
        found = list(wrong(query, known))
        assert not found, f"{where}: {found}"
    # The check itself.
    for query in ("rate(hawser_relay_tunnel_total[5m])", "hawser_relay:asked:rate1m", 'hawser_relay_tunnels{state="lost"}',
                  'hawser_relay_tunnels{stat="paired"}', "sum by (shard) (hawser_relay_tunnels)"):
        assert list(wrong(query, known)), query


def check_dashboard():
    made = subprocess.check_output([DEPLOY / "monitoring/dashboard"], text=True)
    assert made == (FILES / "dashboard.json").read_text(), "run deploy/monitoring/dashboard: see its first lines"
    # Prometheus parses every query, as soon as Grafana's variables have values.
    rules = [
        {"record": f"query:{n}", "expr": query.replace("$__rate_interval", "5m").replace("$namespace", ".*").replace("$job", ".*")}
        for n, (_, query) in enumerate(queries())
    ]
    text = yaml.safe_dump({"groups": [{"name": "queries", "rules": rules}]})
    promtool("check", "rules", "/dev/stdin", text=text)


def promtool(*arguments, text=None):
    done = subprocess.run(["promtool", *arguments], input=text, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def check_rules():
    promtool("check", "rules", str(FILES / "rules.yaml"))
    promtool("test", "rules", str(TESTS))
    cases = [case for test in yaml.safe_load(TESTS.read_text())["tests"] for case in test.get("alert_rule_test", [])]
    fires = {case["alertname"] for case in cases if case.get("exp_alerts")}
    quiet = {case["alertname"] for case in cases if not case.get("exp_alerts")}
    alerts = {rule["alert"] for rule in rules() if "alert" in rule}
    assert fires == alerts, f"no test in which they fire, or no such alerts: {fires ^ alerts}"
    assert quiet == alerts, f"no test in which they are quiet: {quiet ^ alerts}"
    headings = set(re.findall(r"^### (Hawser\w+)$", (DOCS / "kubernetes.md").read_text(), re.MULTILINE))
    assert headings == alerts, f"docs/kubernetes.md says what to do about others: {headings ^ alerts}"


def run():
    check_queries()
    check_dashboard()
    check_rules()
