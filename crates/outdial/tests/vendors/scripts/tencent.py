"""Tencent's official clients against a server of ours: tencent.py ADDRESS WORKFLOW."""

import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from unittest import mock

from tencentcloud.ccc.v20200210 import ccc_client, models
from tencentcloud.common import credential
from tencentcloud.common.exception.tencent_cloud_sdk_exception import (
    TencentCloudSDKException,
)
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile

ADDRESS = sys.argv[1]
APP = 1400000000
HOUR = 3600


def client(secret="testsecret", key="AKIDtestid", method="POST", sign=None, unsigned=False):
    http = HttpProfile(protocol="http", endpoint=ADDRESS, reqMethod=method)
    profile = ClientProfile(signMethod=sign, httpProfile=http)
    profile.unsignedPayload = unsigned
    return ccc_client.CccClient(credential.Credential(key, secret), "", profile)


CLIENT = client()


def ask(action, fields, by=None):
    """The answer as the client's own model, or the code of the error."""
    request = getattr(models, action + "Request")()
    request.from_json_string(json.dumps({"SdkAppId": APP, **fields}))
    while True:
        try:
            return getattr(by or CLIENT, action)(request)
        except TencentCloudSDKException as error:
            assert error.requestId, (action, error)
            # Not refused for what it says: it is said again.
            if error.code != "RequestLimitExceeded":
                print(action, error.code, error.message)
                return error.code
        time.sleep(0.2)


def campaign(**changes):
    now = int(time.time())
    fields = {
        "Name": "spring",
        "Callees": ["+8613012345678", "13012345679"],
        "Callers": ["0086075586013388"],
        "CallOrder": 1,
        "SkillGroupId": 255,
        "Priority": 2,
        "ExpectedAbandonRate": 20,
        "RetryInterval": 600,
        "StartTime": now + HOUR,
        "EndTime": now + 2 * HOUR,
    }
    fields.update(changes)
    return {name: value for name, value in fields.items() if value is not None}


# The example of UpdatePredictiveDialingCampaign, its dates moved to the future.
def seed(number):
    now = int(time.time())
    return {
        "CampaignId": number,
        "Name": "New energy SUV recommendation",
        "Callees": ["+8613012345678", "+8613012345679", "+8613012345670"],
        "Callers": ["0086075586013388"],
        "CallOrder": 0,
        "SkillGroupId": 255,
        "IVRId": 4600,
        "Priority": 3,
        "ExpectedAbandonRate": 10,
        "RetryTimes": 1,
        "RetryInterval": 1800,
        "StartTime": now + HOUR,
        "EndTime": now + HOUR + 2000,
    }


def create(**changes):
    answer = ask("CreatePredictiveDialingCampaign", campaign(**changes))
    return answer if isinstance(answer, str) else answer.CampaignId


def listed(number):
    fields = {"PageSize": 10, "PageNumber": 0, "CampaignId": number}
    answer = ask("DescribePredictiveDialingCampaigns", fields)
    assert answer.TotalCount == len(answer.CampaignList), answer
    return answer.CampaignList[0] if answer.CampaignList else None


def told(action, number):
    """None where the operation succeeds."""
    answer = ask(action + "PredictiveDialingCampaign", {"CampaignId": number})
    return answer if isinstance(answer, str) else None


def status(number):
    row = listed(number)
    return (row.Status, row.StatusReason)


def same(found, wanted):
    for name, value in wanted.items():
        assert getattr(found, name) == value, (name, getattr(found, name), value)


def workflow():
    uui = {"UUI": "order 7", "Variables": [{"Key": "city", "Value": "Shenzhen"}]}
    number = create(**uui)
    found = ask("DescribePredictiveDialingCampaign", {"CampaignId": number})
    made = campaign(**uui)
    same(found, {n: made[n] for n in ("Name", "CallOrder", "SkillGroupId", "Priority", "UUI")})
    same(found, {"CampaignId": number, "ExpectedAbandonRate": 20, "RetryTimes": 0, "IVRId": 0})
    assert found.Variables[0].Value == "Shenzhen", found
    same(listed(number), {"CalleeCount": 2, "FinishedCalleeCount": 0, "Status": 0})

    wanted = seed(number)
    answer = ask("UpdatePredictiveDialingCampaign", wanted)
    assert answer.RequestId and not isinstance(answer, str), answer
    found = ask("DescribePredictiveDialingCampaign", {"CampaignId": number})
    same(found, {n: v for n, v in wanted.items() if n not in ("Callees", "Callers")})
    same(found, {"UUI": "", "Status": 0, "StatusReason": 0})
    same(listed(number), {"CalleeCount": 3, "Name": wanted["Name"], "Priority": 3})

    # Pending: only Update, Abort and Delete.
    for action in ("Pause", "Resume"):
        assert told(action, number) == "InvalidParameterValue", action
    assert told("Delete", number) is None
    assert listed(number) is None
    for action in ("Describe", "Pause", "Resume", "Abort", "Delete"):
        assert told(action, number) == "InvalidParameterValue", action
    assert ask("UpdatePredictiveDialingCampaign", seed(number)) == "InvalidParameterValue"

    # Started by its time; there is no seat, so that it goes on.
    number = create(StartTime=int(time.time()) - 10)
    assert status(number) == (1, 0)
    assert ask("UpdatePredictiveDialingCampaign", seed(number)) == "UnsupportedOperation"
    assert told("Resume", number) == "InvalidParameterValue"
    assert told("Delete", number) == "InvalidParameterValue"
    assert told("Pause", number) is None and status(number) == (2, 0)
    assert ask("UpdatePredictiveDialingCampaign", seed(number)) == "UnsupportedOperation"
    for action in ("Pause", "Delete"):
        assert told(action, number) == "InvalidParameterValue", action
    assert told("Resume", number) is None and status(number) == (1, 0)
    assert told("Abort", number) is None and status(number) == (3, 1)
    assert ask("UpdatePredictiveDialingCampaign", seed(number)) == "UnsupportedOperation"
    for action in ("Pause", "Resume", "Abort"):
        assert told(action, number) == "InvalidParameterValue", action
    page = {"CampaignId": number, "PageSize": 1000, "PageNumber": 0}
    assert ask("DescribePredictiveDialingSessions", page).SessionList == []
    assert told("Delete", number) is None

    # A pending one that an update starts, one that its time ends, one that is aborted pending.
    number = create()
    moved = {**seed(number), "StartTime": int(time.time()) - 10}
    assert not isinstance(ask("UpdatePredictiveDialingCampaign", moved), str)
    until(lambda: status(number) == (1, 0))
    number = create(StartTime=int(time.time()) - 10, EndTime=int(time.time()) + 2)
    until(lambda: status(number) == (3, 2))
    number = create()
    assert told("Abort", number) is None and status(number) == (3, 1)

    group = ask("DescribeSkillGroupInfoList", {"PageSize": 10, "PageNumber": 0}).SkillGroupList[0]
    same(group, {"SkillGroupId": 255, "SkillGroupName": "sales", "SkillGroupType": 0})
    own = ask("DescribeNumbers", {}).Numbers[0]
    same(own, {"Number": "0086075586013388", "State": 1})
    assert ask("DescribeStaffInfoList", {"PageSize": 10, "PageNumber": 0}).StaffList == []
    now = int(time.time())
    span = {"StartTimeStamp": now - HOUR, "EndTimeStamp": now, "PageSize": 10, "PageNumber": 0}
    same(ask("DescribeTelCdr", span), {"TotalCount": 0, "TelCdrList": [], "TelCdrs": []})


def until(holds):
    end = time.time() + 120
    while not holds():
        assert time.time() < end, "waited in vain"
        time.sleep(0.1)


def ranges():
    bounds = {
        "Name": (["x", "x" * 128], ["", "x" * 129]),
        "CallOrder": ([0, 1], [-1, 2]),
        "Priority": ([1, 5], [0, 6]),
        "RetryInterval": ([60, 86400], [59, 86401]),
        "RetryTimes": ([0, 2], [-1, 3]),
        "SkillGroupId": ([255], [254]),
        "IVRId": ([4600], [4601]),
        "UUI": (["u" * 1024], ["u" * 1025]),
        "Callees": ([["123"], ["13012345678", "+8613012345678"]], [[], ["12"], ["1" * 21], ["a"]]),
        "Callers": ([["075586013388"]], [[], ["075586013389"]]),
    }
    rate = {
        "Create": ([0, 50], [-1, 51]),
        "Update": ([5, 50], [4, 51]),
    }
    number = create()
    for name, (right, wrong) in bounds.items():
        for value in right:
            assert isinstance(create(**{name: value}), int), (name, value)
            answer = ask("UpdatePredictiveDialingCampaign", {**seed(number), name: value})
            assert not isinstance(answer, str), (name, value)
        for value in wrong:
            assert create(**{name: value}) == "InvalidParameterValue", (name, value)
            answer = ask("UpdatePredictiveDialingCampaign", {**seed(number), name: value})
            assert answer == "InvalidParameterValue", (name, value)
    for operation, (right, wrong) in rate.items():
        fields = campaign() if operation == "Create" else seed(number)
        for value in right + wrong:
            fields["ExpectedAbandonRate"] = value
            answer = ask(operation + "PredictiveDialingCampaign", fields)
            refused = answer == "InvalidParameterValue"
            assert refused == (value in wrong), (operation, value)
    now = int(time.time())
    assert create(StartTime=now + 10, EndTime=now + 10) == "InvalidParameterValue"
    assert create(StartTime=now - 20, EndTime=now - 10) == "InvalidParameterValue"
    for name in ("Name", "Callees", "Callers", "CallOrder", "SkillGroupId", "Priority",
                 "ExpectedAbandonRate", "RetryInterval", "StartTime", "EndTime"):
        assert create(**{name: None}) == "MissingParameter", name
    window = {"StartTime": "09:00:00", "EndTime": "21:00:00"}
    assert isinstance(create(AvailableTime=[window], TimeZone="Asia/Shanghai"), int)
    assert create(TimeZone="Mars/Base") == "InvalidParameterValue"
    assert create(AvailableTime=[{**window, "EndTime": "25:00"}]) == "InvalidParameterValue"
    stranger = [{"Callee": "13012345670", "UUI": "x"}]
    assert create(CalleeAttributes=stranger) == "InvalidParameterValue"
    # What the model does not know can be sent all the same.
    raw = {"SdkAppId": APP, **seed(number), "TimeZone": "Asia/Shanghai"}
    try:
        CLIENT.call_json("UpdatePredictiveDialingCampaign", raw)
        raise AssertionError("an unknown parameter was taken")
    except TencentCloudSDKException as error:
        assert error.code == "UnknownParameter", error


def signing():
    page = {"PageSize": 10, "PageNumber": 0}
    ways = [
        client(),
        client(method="GET"),
        client(unsigned=True),
        client(sign="HmacSHA1"),
        client(sign="HmacSHA256"),
        client(sign="HmacSHA1", method="GET"),
    ]
    for way in ways:
        answer = ask("DescribeSkillGroupInfoList", page, way)
        assert answer.TotalCount == 1, answer
        number = ask("CreatePredictiveDialingCampaign", campaign(Name="新能源 & co"), way)
        found = ask("DescribePredictiveDialingCampaign", {"CampaignId": number.CampaignId}, way)
        assert found.Name == "新能源 & co", found
    for sign in (None, "HmacSHA1"):
        wrong = client("wrongsecret", sign=sign)
        code = ask("DescribeSkillGroupInfoList", page, wrong)
        assert code == "AuthFailure.SignatureFailure", code
        nobody = client(key="AKIDnobody", sign=sign)
        code = ask("DescribeSkillGroupInfoList", page, nobody)
        assert code == "AuthFailure.SecretIdNotFound", code
        true = time.time
        for skew, wanted in ((-330, False), (330, False), (-270, True), (270, True)):
            with mock.patch("time.time", lambda: true() + skew):
                answer = ask("DescribeSkillGroupInfoList", page, client(sign=sign))
            if wanted:
                assert not isinstance(answer, str), (skew, answer)
            else:
                assert answer == "AuthFailure.SignatureExpire", (skew, answer)


def rate():
    request = models.DescribeSkillGroupInfoListRequest()
    request.from_json_string(json.dumps({"SdkAppId": APP, "PageSize": 10, "PageNumber": 0}))

    def once(_):
        try:
            client().DescribeSkillGroupInfoList(request)
            return "taken"
        except TencentCloudSDKException as error:
            return error.code

    with ThreadPoolExecutor(20) as pool:
        for _ in range(10):
            began = time.time()
            answers = list(pool.map(once, range(60)))
            took = time.time() - began
            taken, refused = answers.count("taken"), answers.count("RequestLimitExceeded")
            assert taken + refused == 60, answers
            assert taken <= 20 * (int(took) + 2), (taken, took)
            # On a machine that is too busy to ask so fast nothing is refused.
            if took < 2:
                assert refused > 0, (taken, took)
                return
    raise AssertionError("the machine never asked fast enough")


def cli():
    def run(action, **fields):
        command = [os.path.join(sys.prefix, "bin", "tccli"), "ccc", action,
                   "--endpoint", "http://" + ADDRESS, "--SdkAppId", str(APP)]
        for name, value in fields.items():
            text = value if isinstance(value, str) else json.dumps(value)
            command += ["--" + name, text]
        keys = {"TENCENTCLOUD_SECRET_ID": "AKIDtestid", "TENCENTCLOUD_SECRET_KEY": "testsecret",
                "TENCENTCLOUD_REGION": "ap-guangzhou"}
        done = subprocess.run(command, env={**os.environ, **keys}, capture_output=True, text=True,
                              timeout=60, check=False)
        print(action, done.stdout, done.stderr)
        return json.loads(done.stdout) if done.returncode == 0 else done.stdout + done.stderr

    number = run("CreatePredictiveDialingCampaign", **campaign())["CampaignId"]
    assert "RequestId" in run("UpdatePredictiveDialingCampaign", **seed(number))
    found = run("DescribePredictiveDialingCampaign", CampaignId=number)
    assert found["Name"] == "New energy SUV recommendation" and found["IVRId"] == 4600, found
    assert "InvalidParameterValue" in run("PausePredictiveDialingCampaign", CampaignId=number)
    assert "RequestId" in run("DeletePredictiveDialingCampaign", CampaignId=number)


def tasks():
    def task(**changes):
        fields = {
            "NotBefore": int(time.time()) + HOUR,
            "Callees": ["13012345678", "+8613012345679"],
            "Callers": ["075586013388"],
            "IvrId": 4600,
            "Name": "notice",
            "Description": "of a delivery",
            "Tries": 2,
            "ConcurrencyLimit": 3,
        }
        fields.update(changes)
        fields = {name: value for name, value in fields.items() if value is not None}
        answer = ask("CreateAutoCalloutTask", fields)
        return answer if isinstance(answer, str) else answer.TaskId

    def one(number):
        return ask("DescribeAutoCalloutTask", {"TaskId": number})

    def told(action, number):
        answer = ask(action + "AutoCalloutTask", {"TaskId": number})
        return answer if isinstance(answer, str) else None

    number = task()
    found = one(number)
    same(found, {"Name": "notice", "Description": "of a delivery", "State": 0, "IvrId": 4600})
    same(found, {"Callers": ["0086075586013388"], "NotAfter": None})
    callees = [(callee.Callee, callee.State) for callee in found.Callees]
    assert callees == [("008613012345678", 0), ("008613012345679", 0)], callees
    listed_tasks = ask("DescribeAutoCalloutTasks", {"PageSize": 10, "PageNumber": 0})
    same(listed_tasks, {"TotalCount": 1})
    same(listed_tasks.Tasks[0], {"TaskId": number, "CalleeCount": 2, "State": 0})
    # A task is no predictive campaign, and the other way round.
    fields = {"CampaignId": number}
    assert ask("DescribePredictiveDialingCampaign", fields) == "InvalidParameterValue"
    assert ask("DescribeAutoCalloutTask", {"TaskId": create()}) == "InvalidParameterValue"
    for action in ("Pause", "Resume"):
        assert told(action, number) == "UnsupportedOperation", action
    assert told("Stop", number) is None and one(number).State == 4
    for action in ("Pause", "Resume", "Stop"):
        assert told(action, number) == "UnsupportedOperation", action

    # The line leads nowhere, so that it goes on.
    number = task(NotBefore=int(time.time()) - 10, RetryInterval=86400)
    assert one(number).State == 1
    assert told("Pause", number) is None and one(number).State == 5
    assert told("Pause", number) == "UnsupportedOperation"
    assert told("Resume", number) is None and one(number).State == 1
    assert told("Stop", number) is None and one(number).State == 4
    assert told("Stop", 2**31) == "InvalidParameterValue"

    bounds = {
        "Tries": ([1, 3], [0, 4]),
        "RetryInterval": ([600, 86400], [599, 86401]),
        "MaxRingTimeoutSecond": ([1, 300], [0, 301]),
        "IvrId": ([4600], [4601]),
        "UUI": (["u" * 1024], ["u" * 1025]),
        "ConcurrencyLimit": ([1], [0]),
        "NotAfter": ([int(time.time()) + 2 * HOUR], [int(time.time()) + HOUR - 60]),
    }
    for name, (right, wrong) in bounds.items():
        for value in right:
            assert isinstance(task(**{name: value}), int), (name, value)
        for value in wrong:
            assert task(**{name: value}) == "InvalidParameterValue", (name, value)
    assert task(IvrId=None) == "MissingParameter"
    assert task(AIAgentId=1) == "UnsupportedOperation"


def dialing():
    """A list is replaced before the start; what was dialed has its records."""
    now = int(time.time())
    number = create(Callees=["13000000001", "13000000002"], StartTime=now + 60, UUI="before")
    callees = ["13000000003", "+8613000000004"]
    wanted = {**seed(number), "Callees": callees, "IVRId": None, "StartTime": now - 1, "UUI": "after"}
    wanted = {name: value for name, value in wanted.items() if value is not None}
    wanted["CalleeAttributes"] = [{"Callee": "13000000004", "UUI": "own"}]
    answer = ask("UpdatePredictiveDialingCampaign", wanted)
    assert not isinstance(answer, str), answer
    until(lambda: status(number) == (4, 0))
    same(listed(number), {"CalleeCount": 2, "FinishedCalleeCount": 2})
    page = {"CampaignId": number, "PageSize": 1000, "PageNumber": 0}
    sessions = ask("DescribePredictiveDialingSessions", page)
    assert sessions.TotalCount == len(sessions.SessionList) == 2, sessions
    fields = {"StartTimeStamp": now - 60, "EndTimeStamp": int(time.time()) + 60,
              "PageSize": 100, "PageNumber": 0, "SessionIds": sessions.SessionList}
    records = ask("DescribeTelCdr", fields)
    assert records.TotalCount == 2 and len(records.TelCdrs) == 2, records
    assert [record.SessionId for record in records.TelCdrList] == sessions.SessionList[::-1]
    for record in records.TelCdrList:
        same(record, {"Direction": 1, "CallType": 5, "EndStatus": 1, "EndStatusString": "ok"})
        same(record, {"Caller": "0086075586013388", "SkillGroupId": 255, "SkillGroup": "sales"})
        assert record.SeatUser.Mail == "1001@acme.invalid", record.SeatUser
        assert record.StartTimestamp <= record.AcceptTimestamp <= record.EndedTimestamp, record
        own = record.Callee == "008613000000004"
        assert record.UUI == ("own" if own else "after"), record
    fields["Phones"] = ["13000000003"]
    assert [r.Callee for r in ask("DescribeTelCdr", fields).TelCdrList] == ["008613000000003"]
    page = {"PageSize": 10, "PageNumber": 0}
    same(ask("DescribeStaffInfoList", page).StaffList[0], {"Mail": "1001@acme.invalid"})
    states = ask("DescribeStaffStatusMetrics", {}).Metrics
    assert [state.Email for state in states] == ["1001@acme.invalid"], states
    wish = {"StaffUserId": "1001@acme.invalid", "Status": "rest", "Reason": "lunch"}
    nobody = {"StaffUserId": "nobody@acme.invalid", "Status": "free"}
    results = ask("SetStaffStatus", {"StaffStatusList": [wish, nobody]}).StaffStatusList
    assert [result.ErrorCode for result in results] == ["", "InvalidParameterValue"], results
    until(lambda: ask("DescribeStaffStatusMetrics", {}).Metrics[0].Status == "rest")


def operations():
    """Every operation that the library has is built, or told to be unsupported: none is unknown."""
    names = [name for name in dir(ccc_client.CccClient)
             if name[0].isupper() and hasattr(models, name + "Request")]
    assert len(names) > 70, names
    built = set()
    for name in names:
        code = ask(name, {})
        if code != "UnsupportedOperation":
            # Built: it says which of its parameters is missing, or answers.
            built.add(name)
            assert not isinstance(code, str) or code == "MissingParameter", (name, code)
    missing = BUILT - built
    assert not missing, missing
    print(len(names), "operations,", len(built), "built")


# What programs for predictive campaigns use.
BUILT = {
    "CreatePredictiveDialingCampaign", "UpdatePredictiveDialingCampaign",
    "DescribePredictiveDialingCampaign", "DescribePredictiveDialingCampaigns",
    "DescribePredictiveDialingSessions", "PausePredictiveDialingCampaign",
    "ResumePredictiveDialingCampaign", "AbortPredictiveDialingCampaign",
    "DeletePredictiveDialingCampaign", "CreateAutoCalloutTask", "DescribeAutoCalloutTask",
    "DescribeAutoCalloutTasks", "PauseAutoCalloutTask", "ResumeAutoCalloutTask",
    "StopAutoCalloutTask", "DescribeTelCdr", "DescribeTelSession", "DescribeSessionDetail",
    "DescribePSTNActiveSessionList", "HangUpCall", "DescribeSkillGroupInfoList",
    "DescribeStaffInfoList", "DescribeStaffStatusMetrics", "SetStaffStatus", "ForceMemberOffline",
    "RestoreMemberOnline", "DescribeNumbers",
}


def sessions():
    """A call is seen while it lasts, is ended, and is told in all detail."""
    now = int(time.time())
    number = create(Callees=["13000000005"], StartTime=now - 1, UUI="u")
    page = {"CampaignId": number, "PageSize": 10, "PageNumber": 0}
    until(lambda: ask("DescribePredictiveDialingSessions", page).SessionList)
    session = ask("DescribePredictiveDialingSessions", page).SessionList[0]

    def one():
        return ask("DescribeTelSession", {"SessionId": session}).Session

    until(lambda: one().SessionStatus == "inProgress")
    found = one()
    same(found, {"SessionID": session, "Caller": "0086075586013388", "Callee": "008613000000005"})
    same(found, {"StaffEmail": "1001@acme.invalid", "StaffNumber": "1001", "Direction": 1})
    active = ask("DescribePSTNActiveSessionList", {"Offset": 0, "Limit": 25})
    assert active.Total == len(active.Sessions) == 1, active
    same(active.Sessions[0], {"SessionID": session, "SessionStatus": "inProgress"})
    same(active.Sessions[0], {"StartTimestamp": str(found.StartTimestamp)})
    assert ask("DescribePSTNActiveSessionList", {"Offset": 1, "Limit": 1}).Sessions == []
    for limit in (0, 26):
        fields = {"Offset": 0, "Limit": limit}
        assert ask("DescribePSTNActiveSessionList", fields) == "InvalidParameterValue"
    during = {"SessionId": session, "StartTimestamp": now - 60, "EndTimestamp": now + 600}
    assert ask("DescribeSessionDetail", during) == "FailedOperation.SessionNotExists", "it goes on"
    other = "0" * 7 + "9" + session[8:]
    for action in ("DescribeTelSession", "HangUpCall"):
        for wrong in (other, "x", session + "0"):
            assert ask(action, {"SessionId": wrong}) == "InvalidParameterValue", (action, wrong)
    assert not isinstance(ask("HangUpCall", {"SessionId": session}), str)
    until(lambda: one().SessionStatus == "finished")
    assert ask("HangUpCall", {"SessionId": session}) == "InvalidParameterValue", "it is over"

    def detail():
        answer = ask("DescribeSessionDetail", during)
        return None if isinstance(answer, str) else answer

    until(detail)
    found = detail()
    same(found, {"CallType": 5, "EndStatus": 1, "HungUpSide": "system", "UUI": "u"})
    same(found, {"StaffUserId": "1001@acme.invalid", "QueuedSkillGroupName": "sales", "Events": []})
    times = [found.StartTimeStamp, found.RingTimestamp, found.AcceptTimestamp,
             found.QueuedTimestamp, found.EndedTimestamp]
    assert times == sorted(times) and times[0] > 0, times
    assert found.ServeParticipants[0].Mail == "1001@acme.invalid", found
    early = {**during, "StartTimestamp": now - 600, "EndTimestamp": now - 500}
    assert ask("DescribeSessionDetail", early) == "FailedOperation.SessionNotExists"

    # A seat is put off by force and brought back.
    assert ask("ForceMemberOffline", {"UserId": "nobody"}) == "InvalidParameterValue"
    for action, then in (("ForceMemberOffline", "offline"), ("RestoreMemberOnline", "free")):
        assert not isinstance(ask(action, {"UserId": "1001@acme.invalid"}), str), action
        until(lambda: ask("DescribeStaffStatusMetrics", {}).Metrics[0].Status == then)


WORKFLOWS = {
    "operations": operations,
    "sessions": sessions,
    "workflow": workflow,
    "ranges": ranges,
    "signing": signing,
    "rate": rate,
    "cli": cli,
    "tasks": tasks,
    "dialing": dialing,
}
WORKFLOWS[sys.argv[2]]()
