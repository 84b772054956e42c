#!/usr/bin/env python3
"""A client for Dezhu's open API, written from its public pages and from nothing of this server's code.

It has a workflow that a test runs against a server:

    dezhu_client.py --base http://127.0.0.1:8080 --app-id ID --key private.pem \
        --skill-set ID --number-group ID

It ends with 0 when every step was answered as the pages say, else with 1 and the step that was not.
Only the standard library and the `openssl` command are needed.
"""

import argparse
import base64
import datetime
import http.server
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

PREFIX = "/speech/openapi/v1"


class Client:
    """Signs requests with an application's private key: RSA, PKCS#1 v1.5 over SHA-256 of appId + timestamp."""

    def __init__(self, base, app_id, key_file):
        self.base = base.rstrip("/")
        self.app_id = app_id
        self.key_file = key_file

    def sign(self, timestamp):
        message = (self.app_id + timestamp).encode("utf-8")
        done = subprocess.run(
            ["openssl", "dgst", "-sha256", "-sign", self.key_file],
            input=message,
            stdout=subprocess.PIPE,
            check=True,
        )
        return base64.b64encode(done.stdout).decode("ascii")

    def headers(self, skew_ms=0):
        timestamp = str(int(time.time() * 1000) + skew_ms)
        return {
            "appId": self.app_id,
            "timestamp": timestamp,
            "sign": self.sign(timestamp),
            "Content-Type": "application/json",
        }

    def send(self, method, path, body=None, headers=None):
        """Sends a request; answers HTTP status and the envelope."""
        data = None
        if body is not None:
            data = body if isinstance(body, bytes) else json.dumps(body).encode("utf-8")
        request = urllib.request.Request(
            self.base + PREFIX + path,
            data=data,
            method=method,
            headers=headers if headers is not None else self.headers(),
        )
        # No proxy of the environment is to come between.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=30) as response:
                return response.status, json.loads(response.read().decode("utf-8"))
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read().decode("utf-8"))

    def post(self, path, body):
        return self.send("POST", path, body)

    def get(self, path, **parameters):
        query = urllib.parse.urlencode(parameters)
        return self.send("GET", path + ("?" + query if query else ""))


class Workflow:
    """The life of a task as a program of the vendor's customers leads it."""

    def __init__(self, client, skill_set, number_group):
        self.client = client
        self.skill_set = skill_set
        self.number_group = number_group
        self.day = (datetime.date.today() + datetime.timedelta(days=2)).isoformat()
        self.steps = 0

    def expect(self, step, answer, code="10000", status=200):
        self.steps += 1
        got_status, envelope = answer
        sound = (
            got_status == status
            and set(envelope) == {"code", "message", "data"}
            and envelope["code"] == code
            and isinstance(envelope["message"], str)
        )
        if not sound:
            raise AssertionError("%s: wanted %s %s, got %s %s" % (step, status, code, got_status, envelope))
        return envelope["data"]

    def equal(self, step, got, wanted):
        self.steps += 1
        if got != wanted:
            raise AssertionError("%s: wanted %r, got %r" % (step, wanted, got))

    def example(self, **fields):
        """The example of the edit's page, with its dates moved to the future."""
        task = {
            "taskName": "自动外呼任务名称",
            "taskExecStartDate": self.day,
            "taskExecEndDate": self.day,
            "taskExecTimes": [
                {"taskExecTimeStartStr": "11:36:00", "taskExecTimeEndStr": "12:35:00"}
            ],
            "taskDesc": "自动外呼描述",
            "skillSetId": self.skill_set,
            "outboundNumberGroupId": self.number_group,
            "strategyDisplaySwitch": 1,
            "sendNumberStrategy": 0,
            "abandonmentRate": 2,
            "multiplyPower": 2,
            "maxRingingDuration": 20,
            "acw": 10,
            "outboundPhoneGroups": [
                {
                    "name": "外呼任务号码批次名称,如:本人、亲属、朋友",
                    "identify": "default",
                    "autoOutboundSwitch": 1,
                    "autoOutboundInterval": 5,
                    "autoOutboundTimes": 1,
                }
            ],
        }
        task.update(fields)
        return task

    @staticmethod
    def customer(key, mobile):
        return {
            "name": "王先生",
            "externalCustomerId": key,
            "externalData": "data-" + key,
            "phoneGroupVoList": [
                {
                    "identify": "default",
                    "phoneRelationVoList": [{"mobile": mobile, "relation": "本人"}],
                }
            ],
        }

    def run(self):
        self.signatures()
        task = self.before_the_start()
        self.ranges(task)
        self.while_it_runs(task)
        self.unknown_things()
        return self.steps

    def signatures(self):
        client = self.client
        path = "/task/outbound/page"
        self.expect("a signed request", client.get(path))
        for name in ("appId", "timestamp", "sign"):
            headers = client.headers()
            del headers[name]
            self.expect("without " + name, client.send("GET", path, headers=headers), "10001")
        headers = client.headers()
        headers["appId"] = "0" * 32
        self.expect("another application", client.send("GET", path, headers=headers), "10002")
        for skew in (-301000, 301000):
            late = client.send("GET", path, headers=client.headers(skew))
            self.expect("a clock that is off by %d ms" % skew, late, "10001")
        headers = client.headers()
        headers["timestamp"] = str(int(headers["timestamp"]) - 1)
        self.expect("a signature of another time", client.send("GET", path, headers=headers), "10001")
        with tempfile.TemporaryDirectory() as folder:
            key = os.path.join(folder, "other.pem")
            command = ["openssl", "genrsa", "-out", key, "2048"]
            subprocess.run(command, check=True, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
            other = Client(client.base, client.app_id, key)
            self.expect("another key", other.get(path), "10001")
        # Neither path nor body is signed: one signature is good for several requests.
        headers = client.headers()
        for _ in range(2):
            self.expect("a signature twice", client.send("GET", path, headers=headers))

    def before_the_start(self):
        client = self.client
        customers = [self.customer("c%d" % n, "1380000%04d" % n) for n in range(3)]
        body = self.example(taskName="first", taskType=1, outBoundCustomers=customers)
        task = self.expect("create", client.post("/task/outbound/create", body))
        self.equal("the type of an id", type(task), int)
        again = client.post("/task/outbound/create", body)
        self.expect("a name that is taken", again, "20001")
        edited = client.post("/task/outbound/edit", self.example(taskId=task))
        self.equal("edit", self.expect("edit", edited), True)
        shown = self.find(task)
        self.equal("status", shown["taskStatus"], 1)
        for name, value in self.example().items():
            if name == "strategyDisplaySwitch":
                value = True
            if name != "abandonmentRate":
                self.equal(name, shown[name], value)
        groups = client.get("/task/outbound/getPhoneGroups", taskId=task)
        groups = self.expect("batches", groups)
        self.equal("batches", groups, self.example()["outboundPhoneGroups"])
        more = [self.customer("c2", "13800000002"), self.customer("c3", "13800000003")]
        append = {"taskId": task, "outBoundCustomers": more}
        for _ in range(2):
            self.expect("append", client.post("/task/outbound/customer/append", append))
        self.equal("customers", self.find(task)["totalCount"], 4)
        delete = {"taskId": task, "externalCustomerIds": ["c3", "nobody"]}
        for _ in range(2):
            deleted = client.post("/task/outbound/customer/delete", delete)
            self.equal("delete customers", self.expect("delete customers", deleted), True)
        self.equal("customers", self.find(task)["totalCount"], 3)
        return task

    def ranges(self, task):
        group = self.example()["outboundPhoneGroups"][0]
        for name, value, code in [
            ("taskName", "x" * 50, "10000"),
            ("taskName", "x" * 51, "29002"),
            ("taskName", "", "29002"),
            ("maxRingingDuration", 19, "29002"),
            ("maxRingingDuration", 20, "10000"),
            ("maxRingingDuration", 50, "10000"),
            ("maxRingingDuration", 51, "29002"),
            ("acw", 0, "29002"),
            ("acw", 1, "10000"),
            ("acw", 180, "10000"),
            ("acw", 181, "29002"),
            ("multiplyPower", 0, "29002"),
            ("multiplyPower", 1, "10000"),
            ("sendNumberStrategy", 2, "29002"),
            ("taskExecEndDate", "2020-09-27", "29002"),
            ("outboundPhoneGroups", [], "29002"),
            ("outboundPhoneGroups", [group, group], "29002"),
            ("outboundPhoneGroups", [dict(group, autoOutboundInterval=4)], "29002"),
            ("outboundPhoneGroups", [dict(group, autoOutboundInterval=2880)], "10000"),
            ("outboundPhoneGroups", [dict(group, autoOutboundInterval=2881)], "29002"),
            ("outboundPhoneGroups", [dict(group, autoOutboundTimes=0)], "29002"),
            ("outboundPhoneGroups", [dict(group, autoOutboundTimes=3)], "10000"),
            ("outboundPhoneGroups", [dict(group, autoOutboundTimes=4)], "29002"),
            ("skillSetId", "no such group", "20001"),
            ("outboundNumberGroupId", "no such group", "20001"),
            ("aFieldThatDoesNotExist", {"a": [1]}, "10000"),
        ]:
            answer = self.client.post("/task/outbound/edit", self.example(taskId=task, **{name: value}))
            step = "%s = %r" % (name, value)
            self.equal(step, self.expect(step, answer, code), code == "10000")
        for rate, code in [(0, "29002"), (1, "10000"), (5, "10000"), (6, "29002")]:
            body = self.example(taskId=task, sendNumberStrategy=1, abandonmentRate=rate)
            self.expect("rate %d" % rate, self.client.post("/task/outbound/edit", body), code)

    def while_it_runs(self, task):
        client = self.client
        for path, status, power in [
            ("/task/outbound/start", 3, 3),
            ("/task/outbound/pause", 2, 4),
            ("/task/outbound/start", 3, 5),
        ]:
            self.expect(path, client.post(path, {"taskId": task}))
            self.equal("status", self.find(task)["taskStatus"], status)
            before = self.find(task)["taskName"]
            body = self.example(taskId=task, taskName="frozen", acw=0, multiplyPower=power)
            self.expect("edit", client.post("/task/outbound/edit", body))
            self.equal("a frozen field", self.find(task)["taskName"], before)
            self.equal("the ratio", self.find(task)["multiplyPower"], power)
        self.expect("delete", client.post("/task/outbound/delete", {"taskId": task}), "20001")
        delete = {"taskId": task, "externalCustomerIds": ["c2"]}
        while_running = client.post("/task/outbound/customer/delete", delete)
        self.expect("delete customers while it runs", while_running, "20001")
        self.expect("stop", client.post("/task/outbound/stop", {"taskId": task}))
        self.equal("status", self.find(task)["taskStatus"], 4)
        late = client.post("/task/outbound/edit", self.example(taskId=task))
        self.equal("a late edit", self.expect("a late edit", late, "20001"), False)
        records = client.get("/communicate/pageQuery", callType=3, taskId=task, pageNum=0)
        records = self.expect("records", records)
        self.equal("records", sorted(records), ["list", "total"])
        for mode, code in [(0, "29002"), (1, "10000"), (2, "10000"), (3, "10000"), (4, "29002")]:
            self.expect("mode %d" % mode, client.get("/communicate/pageQuery", queryMode=mode), code)
        self.expect("delete", client.post("/task/outbound/delete", {"taskId": task}))

    def unknown_things(self):
        client = self.client
        self.expect("an unknown task", client.post("/task/outbound/edit", self.example(taskId=999999)), "20001")
        self.expect("no task", client.post("/task/outbound/edit", self.example()), "29002")
        self.expect("an unknown path", client.get("/task/none"), "20001", 404)
        self.expect("no JSON", client.post("/task/outbound/edit", b"{"), "29002")
        self.expect("no recording", client.get("/communicate/voice", communicateVoiceId="7"), "20001")
        self.expect("an operator's path", client.get("/sg/list"))
        large = b'{"taskName": "' + b"x" * (9 << 20) + b'"}'
        self.expect("a large body", client.post("/task/outbound/edit", large), "29002")

    def told(self, receiver):
        """Customers are called; each call is told, and told again where it was not taken."""
        today = datetime.datetime.now(datetime.timezone.utc).astimezone(
            datetime.timezone(datetime.timedelta(hours=8))
        ).date()
        days = [(today + datetime.timedelta(days=n)).isoformat() for n in (-1, 1)]
        body = self.example(
            taskName="told",
            taskExecStartDate=days[0],
            taskExecEndDate=days[1],
            taskExecTimes=[{"taskExecTimeStartStr": "00:00:00", "taskExecTimeEndStr": "23:59:59"}],
            multiplyPower=1,
            acw=1,
            outBoundCustomers=[self.customer("c%d" % n, "1380000%04d" % n) for n in range(2)],
        )
        task = self.expect("create", self.client.post("/task/outbound/create", body))
        end = time.time() + 120
        while len({record["id"] for _, record in receiver.told}) < 2 or len(receiver.told) < 3:
            if time.time() > end:
                raise AssertionError("told: %r" % receiver.told)
            time.sleep(0.1)
        self.equal("the first was told twice", receiver.told.count(receiver.told[0]) >= 2, True)
        listed = self.client.get("/communicate/pageQuery", taskId=task, callType=3, pageSize=10)
        listed = self.expect("records", listed)["list"]
        self.equal("records", len(listed), 2)
        for record in listed:
            self.equal("summary", record.pop("summaryId"), "")
            found = [told for path, told in receiver.told if told["id"] == record["id"]]
            self.equal("told as listed", found[0], record)
            self.equal("taskId", record["taskId"], task)
            self.equal("result", record["speechCallResult"], 2)
            self.equal("source", (record["callType"], record["communicateSource"]), (2, 2))
            self.equal("customer", record["customerName"], "王先生")
            self.equal("data", record["externalData"], "data-" + record["externalCustomerId"])
            self.equal("agent", record["staffId"], 1001)
            self.equal("times", record["callTimes"], 1)
        open_ones = self.client.get("/communicate/pageQuery", queryMode=2)
        self.equal("not concluded", self.expect("mode 2", open_ones)["total"], 2)
        concluded = self.client.get("/communicate/pageQuery", queryMode=3)
        self.equal("concluded", self.expect("mode 3", concluded)["total"], 0)

    def find(self, task):
        listed = self.client.get("/task/outbound/page", pageNum=1, pageSize=1000, taskType=1)
        listed = self.expect("list", listed)
        found = [entry for entry in listed["list"] if entry["taskId"] == task]
        self.equal("found in the list", len(found), 1)
        return found[0]


class Receiver(http.server.ThreadingHTTPServer):
    """Takes records; the first push is refused, as by a program that is being restarted."""

    def __init__(self, port):
        self.told = []
        super().__init__(("127.0.0.1", port), Take)
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Take(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        length = int(self.headers["Content-Length"])
        record = json.loads(self.rfile.read(length).decode("utf-8"))
        first = not self.server.told
        self.server.told.append((self.path, record))
        self.send_response(503 if first else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("base", "app-id", "key", "skill-set", "number-group"):
        parser.add_argument("--" + name, required=True)
    parser.add_argument("--receiver", type=int, help="take records at this port, and have some made")
    given = parser.parse_args()
    client = Client(given.base, given.app_id, given.key)
    workflow = Workflow(client, given.skill_set, given.number_group)
    try:
        if given.receiver is None:
            workflow.run()
        else:
            workflow.told(Receiver(given.receiver))
    except AssertionError as fault:
        print(fault, file=sys.stderr)
        return 1
    print("%d steps" % workflow.steps)
    return 0


if __name__ == "__main__":
    sys.exit(main())
