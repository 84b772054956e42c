#!/usr/bin/env python3
"""A client for Huawei AICC CC-iSales V1, written from its public pages and from nothing of this server's
code. Only the standard library is needed.

As a program it runs a workflow against a server:

    huawei_client.py --base http://127.0.0.1:8080 --ak AK --sk SK --vdn 7 --skill 5 \
        --caller 10085 --agent 125

It ends with 0 when every step was answered as the pages say, else with 1 and the step that was not.
"""

import argparse
import datetime
import hashlib
import hmac
import json
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

OK = "0200000"


def enc(text):
    """Percent-encodes all but letters, digits and -._~"""
    return urllib.parse.quote(text, safe="-._~")


def hex_hmac(key, text):
    return hmac.new(key.encode(), text.encode(), hashlib.sha256).hexdigest()


class Client:
    """Signs requests with an access key ("C2": auth-v2)."""

    def __init__(self, base, ak, sk, vdn):
        self.base = base.rstrip("/")
        self.ak, self.sk, self.vdn = ak, sk, vdn

    def authorization(self, method, path, query, headers, body, skew_s=0):
        moment = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=skew_s)
        names = ";".join(sorted(headers))
        prefix = "/".join(["auth-v2", self.ak, moment.strftime("%Y-%m-%dT%H:%M:%SZ"), names])
        lines = [method, path]
        if query:
            lines.append("&".join(sorted(enc(n) + "=" + enc(str(v)) for n, v in query.items())))
        lines.append(names)
        lines += sorted(enc(n) + ":" + enc(v.strip()) for n, v in headers.items())
        canonical = "\n".join(lines) + "\n" + enc(body)
        return prefix + "/" + hex_hmac(hex_hmac(self.sk, prefix), canonical)

    def send(self, method, tail="", body=None, query=None, skew_s=0, version=1):
        """Sends a request; answers HTTP status and the JSON of the answer."""
        path = "/rest/isales/v%d/openapi/campaigns/%d%s" % (version, self.vdn, tail)
        text = "" if body is None else json.dumps(body, ensure_ascii=False)
        signed = {"host": urllib.parse.urlsplit(self.base).netloc}
        if text:
            signed["content-type"] = "application/json; charset=UTF-8"
        authorization = self.authorization(method, path, query, signed, text, skew_s)
        url = self.base + path + ("?" + urllib.parse.urlencode(query, quote_via=urllib.parse.quote) if query else "")
        headers = {"Authorization": authorization}
        if text:
            headers["Content-Type"] = signed["content-type"]
        request = urllib.request.Request(url, method=method, headers=headers)
        request.data = text.encode("utf-8") if text else None
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)


class Failure(Exception):
    pass


def expect(step, answer, code=OK, status=200):
    """The answer, when it has this status and this code in both of its places."""
    got, envelope = answer
    texts = [envelope.get(n) for n in ("resultCode", "returnCode", "resultDesc", "returnDesc")]
    whole = all(isinstance(text, str) for text in texts) and texts[0] == texts[1]
    if got != status or not whole or (code and texts[0] != code):
        raise Failure("%s: wanted %s %s, got %s %s" % (step, status, code, got, envelope))
    print("ok  %-34s %s" % (step, texts[0]))
    return envelope


def documented(args):
    """The example of "Modifying an Outbound Campaign (V1)": its dates in the future, and what the
    tenant has. Its name has 44 characters where the table of the same page says 32."""
    return {
        "name": "Data Package Recommendation for National Day",
        "description": "Data Package Recommendation for National Day",
        "strBeginTime": "2096-09-10 00:00:00",
        "strEndTime": "2096-10-07 23:59:59",
        "deviceType": 2,
        "callerNo": args.caller,
        "maxAlertingTime": 20,
        "scheduleParam": {
            "workdayBeginTime1": "08:00", "workdayEndTime1": "11:30",
            "workdayBeginTime2": "13:00", "workdayEndTime2": "17:30",
            "workdayBeginTime3": "", "workdayEndTime3": "",
            "holidayBeginTime1": "10:00", "holidayEndTime1": "11:00",
            "holidayBeginTime2": "13:00", "holidayEndTime2": "17:30",
            "holidayBeginTime3": "", "holidayEndTime3": "",
        },
        "skillParam": {
            "skillId": args.skill,
            "skillName": "Voice Skill Queue",
            "outBoundType": 2,
            "predictParam": {"predictMethod": 5, "offhookPredictParam": {"offHookRate": 100}},
        },
        "callBackUrl": "https://10.10.10.10/xxx/xxx/xxx",
    }


def refusals(client, args):
    strange = Client(client.base, client.ak, client.sk + "x", client.vdn)
    expect("a wrong secret", strange.send("GET", "/1"), "401", 401)
    unknown = Client(client.base, client.ak + "x", client.sk, client.vdn)
    expect("an unknown key", unknown.send("GET", "/1"), "401", 401)
    for skew in (-1000, 1000):
        expect("a clock %+d s off" % skew, client.send("GET", "/1", skew_s=skew), "401", 401)
    other = Client(client.base, client.ak, client.sk, client.vdn % 9999 + 1)
    expect("another VDN", other.send("GET", "/1"), "401", 401)
    expect("an unknown campaign", client.send("GET", "/2147483647"), "0200007")
    expect("a campaign that is no number", client.send("GET", "/x"), "02000006")
    expect("an empty body", client.send("POST", body={}), "02000001")


def campaign(client, args):
    body = documented(args)
    made = expect("create", client.send("POST", body=body))
    tail = "/%d" % made["returnObject"]["id"]
    expect("create again", client.send("POST", body=body), "0200005")
    answer = expect("modify as documented", client.send("PUT", tail, body))
    wanted = {"resultCode": OK, "resultDesc": "", "returnCode": OK, "returnDesc": ""}
    if answer != wanted:
        raise Failure("modify: wanted %s, got %s" % (wanted, answer))
    shown = expect("details", client.send("GET", tail))["returnObject"]
    for name in body:
        if name != "skillParam" and shown[name] != body[name]:
            raise Failure("details: %s is %s, not %s" % (name, shown[name], body[name]))
    for change, code in (
        ({"name": "x" * 101}, "02000003"), ({"description": "a;b"}, "02000002"),
        ({"strEndTime": ""}, "02000009"), ({"strBeginTime": "2096-09-10"}, "02000008"),
        ({"strBeginTime": "2020-09-10 00:00:00"}, "0200002"), ({"deviceType": 4}, "02000007"),
        ({"deviceType": "x"}, "02000006"), ({"maxAlertingTime": 121}, "02000007"),
        ({"scheduleParam": {"workdayBeginTime1": "08", "workdayEndTime1": "09:00"}}, "02000010"),
        ({"skillParam": dict(body["skillParam"], skillId=999)}, "0200017"), ({"unknown": 1}, OK),
    ):
        expect("modify %s" % ", ".join(change), client.send("PUT", tail, dict(body, **change)), code)
    query = {"name": "National Day", "status": 2, "deviceType": 2, "curPage": 1, "rowsPerPage": 10}
    listed = expect("list", client.send("GET", query=query))
    if [item["id"] for item in listed["data"]] != [made["returnObject"]["id"]]:
        raise Failure("list: %s" % listed)
    return tail


def special_dates(client, tail):
    tail = "/holiday" + tail
    weekend = {"name": "weekend", "type": 1, "week": "6,7"}
    made = expect("add a special date", client.send("POST", tail, weekend))
    expect("add it again", client.send("POST", tail, weekend), "0200013")
    one = "%s/%d" % (tail, made["returnObject"]["id"])
    expect("delete it", client.send("DELETE", one))
    expect("delete it again", client.send("DELETE", one), "0200014")


def numbers(client, tail):
    listed = {"blocklist": ["13900139000"], "validityTime": 1}
    expect("block a number", client.send("POST", "/blocklist/add", listed))
    records = {"callDataList": [
        {"called": "13800138001", "sessionId": "s-1", "customField": "first", "callData": "{\"名\": 1}"},
        {"called": "13800138002"},
    ]}
    blocked = {"callDataList": [{"called": "13900139000"}]}
    expect("add a blocked number", client.send("POST", "/calldata" + tail, blocked), "0200024")
    added = expect("add numbers", client.send("POST", "/calldata" + tail, records))["returnObject"]
    expect("add some at once", client.send("POST", "/calldata" + tail, records), "0200022")
    if added["totalSize"] != 2 or [one["called"] for one in added["dataIdList"]] != [
        "13800138001", "13800138002",
    ]:
        raise Failure("add numbers: %s" % added)
    record = "/calldata%s/%s" % (tail, added["dataIdList"][0]["dataId"])
    shown = expect("query a record", client.send("GET", record))["data"]
    if shown["calledNos"] != [{"calledNo": "13800138001", "type": ""}]:
        raise Failure("query a record: %s" % shown)
    expect("results", client.send("POST", "/callresult" + tail, {"pageSize": 10, "pageNum": 1}))
    expect("unblock it", client.send("POST", "/blocklist/delete", {"blocklistNo": "13900139000"}))


def reserved_calls(client, tail, args):
    when = int(time.time() * 1000) + 86_400_000
    body = {"callType": "1", "calledNo": "13800138003", "workNo": args.agent,
            "taskId": tail[1:], "appointTime": when}
    made = expect("reserve a call", client.send("POST", "/appoint/create", body))["returnObject"]
    change = {"appointId": made["appointId"], "remark": "Remarks updated 0516",
              "appointTime": when + 60_000, "workNo": args.agent}
    answer = expect("modify it as documented", client.send("POST", "/appoint/update", change))
    if answer["resultDesc"] != "update success":
        raise Failure("modify a reserved call: %s" % answer)
    listed = expect("list", client.send("POST", "/appoint/list", {"offset": 0, "limit": 10}))
    row = listed["data"][0]
    if (row["remark"], row["appointTime"]) != (change["remark"], change["appointTime"]):
        raise Failure("list reserved calls: %s" % listed)
    named = {"appointId": made["appointId"]}
    expect("take it back", client.send("POST", "/appoint/delete", named))
    expect("modify it then", client.send("POST", "/appoint/update", change), "04000004")


def ending(client, tail):
    expect("resume what runs", client.send("PUT", tail + "/resume"), "0200011")
    expect("delete what runs", client.send("DELETE", tail), "0200009")
    expect("pause", client.send("PUT", tail + "/pause"))
    expect("pause again", client.send("PUT", tail + "/pause"), "0200011")
    expect("resume", client.send("PUT", tail + "/resume"))
    expect("pause", client.send("PUT", tail + "/pause"))
    expect("delete", client.send("DELETE", tail, {"archiveHistory": 0}))
    expect("details then", client.send("GET", tail), "0200007")


def main():
    parser = argparse.ArgumentParser()
    for name in ("base", "ak", "sk", "caller", "agent"):
        parser.add_argument("--" + name, required=True)
    for name in ("vdn", "skill"):
        parser.add_argument("--" + name, required=True, type=int)
    args = parser.parse_args()
    client = Client(args.base, args.ak, args.sk, args.vdn)
    try:
        refusals(client, args)
        tail = campaign(client, args)
        special_dates(client, tail)
        numbers(client, tail)
        reserved_calls(client, tail, args)
        ending(client, tail)
    except Failure as failure:
        print("FAILED", failure, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
