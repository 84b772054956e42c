"""Alibaba's official clients against a server of ours: alibaba.py ADDRESS WORKFLOW."""

import json
import sys
import time
import urllib.request

from alibabacloud_outboundbot20191226.client import Client
from alibabacloud_outboundbot20191226 import models
from alibabacloud_tea_openapi.models import Config
from aliyunsdkcore.acs_exception.exceptions import ServerException
from aliyunsdkcore.client import AcsClient
from aliyunsdkcore.request import RpcRequest
from Tea.exceptions import TeaException

ADDRESS = sys.argv[1]
INSTANCE = "174952ab-9825-4cc9-a5e2-de82d7fa4cdd"
SCRIPT = "5a3940ce-a12f-4222-9f0f-605a9b89ea7c"
NAME = "春季 回访+a*b~"
JOB = {
    "extras": [{"key": "loan", "value": "5"}],
    "contacts": [{"phoneNumber": "13012345678", "referenceId": "crm-1", "name": "王"}],
}


def tea(secret="testsecret", algorithm=None):
    config = Config(
        access_key_id="LTAItestid",
        access_key_secret=secret,
        endpoint=ADDRESS,
        protocol="HTTP",
        signature_algorithm=algorithm,
    )
    return Client(config)


TEA = tea()


def ask(name, /, by=None, **fields):
    """The answer's body as the client's own model, or the code of the error."""
    request = getattr(models, "".join(w.title() for w in name.split("_")) + "Request")
    instance = {} if "async_task_id" in fields or "entry_id" in fields else {"instance_id": INSTANCE}
    try:
        answer = getattr(by or TEA, name)(request(**instance, **fields)).body
    except TeaException as error:
        print(name, error.code, error.message)
        return error.code
    assert answer.code == "OK" and answer.success and answer.request_id, answer
    return answer


def old(action, /, secret="testsecret", host=ADDRESS, **fields):
    """The same with the older client, which signs in the query."""
    request = RpcRequest("OutboundBot", "2019-12-26", action)
    request.set_method("POST")
    request.set_protocol_type("http")
    request.set_endpoint(host)
    for name, value in {"InstanceId": INSTANCE, **fields}.items():
        request.add_query_param(name, value)
    client = AcsClient("LTAItestid", secret, "cn-shanghai")
    try:
        return json.loads(client.do_action_with_exception(request))
    except ServerException as error:
        print(action, error.get_error_code(), error.get_error_msg())
        return error.get_error_code()


def group(**fields):
    made = ask("create_job_group", job_group_name=NAME, script_id=SCRIPT, **fields)
    return made.job_group


def status(number):
    return ask("describe_job_group", job_group_id=number).job_group.status


def workflow():
    made = group(strategy_json=json.dumps({"maxAttemptsPerDay": 1, "repeatBy": "Once"}))
    number = made.job_group_id
    assert made.job_group_name == NAME, made
    assert made.status == "Scheduling", made
    assert ask("suspend_jobs", all=True, job_group_id=number).success
    assert status(number) == "Paused"

    # The documented example, with the ids of this group.
    edited = ask(
        "modify_job_group",
        job_group_id=number,
        name="修改后的作业组",
        scenario_id="c6a668d1-3145-4048-9101-cb3678bb8884",
        description="修改后的作业组",
        strategy_json=json.dumps(
            {"maxAttemptsPerDay": "0", "minAttemptInterval": "5", "Id": made.strategy.strategy_id}
        ),
        recall_strategy_json=json.dumps(
            {"emptyNumberIgnore": False, "inArrearsIgnore": False, "outOfServiceIgnore": False}
        ),
        script_id=SCRIPT,
        calling_number=["075586013388"],
        job_group_status="Draft",
        ringing_duration=25,
        min_concurrency=1,
        priority="Daily",
        flash_sms_extras=json.dumps({"templateId": "10471", "configId": "8037f524"}),
        recall_calling_number=["075586013388"],
    ).job_group
    assert edited.status == "Draft", edited
    assert edited.job_group_name == "修改后的作业组", edited
    assert edited.calling_numbers == ["075586013388"], edited
    assert edited.strategy.min_attempt_interval == 5, edited
    assert edited.strategy.max_attempts_per_day == 0, edited
    assert isinstance(edited.modify_time, str) and isinstance(edited.creation_time, int)
    shown = ask("describe_job_group", job_group_id=number).job_group
    assert shown.flash_sms_extras.template_id == "10471", shown

    jobs = ask(
        "assign_jobs",
        job_group_id=number,
        jobs_json=[json.dumps(dict(JOB, extras=[{"key": "n", "value": str(n)}])) for n in range(12)],
    )
    assert jobs.job_group_id == number and len(jobs.jobs_id) == 12, jobs
    listed = ask("list_jobs_by_group", job_group_id=number, page_number=1, page_size=5).jobs
    assert listed.total_count == 12 and len(listed.list) == 5, listed
    # Twelve items keep their order.
    for place, job in enumerate(ask("list_jobs", job_id=jobs.jobs_id).jobs):
        assert job.job_id == jobs.jobs_id[place], job
        assert job.extras[0].value == str(place), job
        assert job.status == "Drafted", job
    one = ask("describe_job", job_id=jobs.jobs_id[0]).job
    assert one.contacts[0].phone_number == "13012345678", one
    found = ask(
        "query_jobs_with_result", job_group_id=number, page_number=1, page_size=10, query_text="13012345678"
    ).jobs
    assert found.row_count == 12 and found.page_count == 2, found
    groups = ask("list_job_groups", page_number=1, page_size=10, search_text="作业组").job_groups
    assert groups.total_count == 1 and groups.list[0].progress.paused_num == 12, groups

    assert ask("modify_job_group", job_group_id=number, name="a", job_group_status="Scheduling")
    assert status(number) in ("Scheduling", "Executing")
    assert ask("modify_job_group", job_group_id=number, name="b") == "InvalidStatus.JobGroup"
    assert ask("suspend_jobs", all=True, job_group_id=number).success
    assert ask("resume_jobs", all=True, job_group_id=number).success
    assert ask("cancel_jobs", all=True, job_group_id=number).success
    assert status(number) == "Cancelled"
    assert ask("delete_job_group", job_group_id=number).success
    assert ask("describe_job_group", job_group_id=number) == "NotExist.JobGroup"
    numbers = ask("list_outbound_call_numbers", page_number=1, page_size=10).outbound_call_numbers
    assert numbers.list, numbers
    assert ask("describe_instance").instance.instance_id == INSTANCE


def jobs():
    """Single jobs of a held group, and everything that is asked of it later."""
    number = group().job_group_id
    assert ask("suspend_jobs", all=True, job_group_id=number).success
    three = [json.dumps(JOB).replace("crm-1", f"crm-{n}") for n in range(3)]
    asked = ask("assign_jobs_async", job_group_id=number, jobs_json=three)
    result = ask("get_assign_jobs_async_result", async_task_id=asked.async_task_id)
    assert result.job_group_id == number and len(result.jobs_id) == 3, result
    assert result.valid is True and result.timeout is False, result
    first, second, third = result.jobs_id

    assert ask("cancel_jobs", all=False, job_id=[first]).success
    assert ask("suspend_jobs", all=False, job_reference_id=["crm-1"], job_group_id=number).success
    statuses = [job.status for job in ask("list_jobs", job_id=result.jobs_id).jobs]
    assert statuses == ["Cancelled", "Paused", "Paused"], statuses
    assert ask("resume_jobs", all=False, job_id=[second]).success
    assert old("SuspendJobs", All=False, **{"JobId.1": third})["Success"]
    assert old("CancelJobs", All=False, **{"JobReferenceId.1": "crm-9"}) == "NotExist.Job"

    info = ask("describe_group_executing_info", job_group_id=number).executing_info
    assert info.call_num == 0 and info.jobs_progress.total_jobs == 3, info
    found = ask("search_task", job_group_id=number, sort_order="desc", page_index=0, page_size=10)
    assert found.total == 0 and found.search_task_info_list == [], found
    assert old("SearchTask", TaskStatusStringList="Gone") == "InvalidTaskStatusStringList"

    task = ask("create_job_group_export_task", job_group_id=number, option=[]).task_id
    progress = ask("describe_job_group_export_task_progress", task_id=task)
    assert progress.progress == 1.0, progress
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    rows = direct.open(progress.file_http_url).read().decode("utf-8-sig").splitlines()
    assert len(rows) == 4 and first in rows[1] and '"Cancelled"' in rows[1], rows

    asked = ask("list_job_groups", page_number=1, page_size=5, async_query=True)
    later = ask("list_job_groups_async", async_task_id=asked.async_task_id)
    assert later.total_count == 1 and later.job_groups[0].job_group_id == number, later
    assert later.vaild is True, later
    again = ask("create_batch_repeat_job", source_group_id=number, name="again", filter_status="Cancelled")
    shown = ask("describe_job_group", job_group_id=again.job_group.id).job_group
    assert shown.progress.total_jobs == 1, shown
    assert ask("terminate_call", call_id=first) == "NotExist.Call"
    assert ask("download_recording", task_id=first) == "NotExist.Task"


def instance():
    """The block list and the limits of an instance."""
    entries = [{"phoneNumber": "13012345678", "name": "王", "remark": "no calls", "creator": "li"}]
    saved = ask("save_contact_block_list", contact_block_lists_json=json.dumps(entries))
    assert saved.affected_rows == 1, saved
    listed = ask("get_contact_block_list", page_number=1, page_size=10).contact_blocklist_list
    assert listed.total_count == 1, listed
    entry = listed.list[0]
    assert (entry.phone_number, entry.name, entry.remark) == ("13012345678", "王", "no calls"), entry
    assert isinstance(entry.creation_time, int), entry
    gone = ask("delete_contact_block_list", contact_block_list_id=entry.contact_block_list_id)
    assert gone.affected_rows == 1, gone
    assert old("DeleteContactBlockList", ContactBlockListId="1") == "NotExist.ContactBlockList"

    entry = {"entry_id": INSTANCE, "strategy_level": 2}
    assert ask("get_max_attempts_per_day", **entry).max_attempts_per_day == 3
    assert ask("save_max_attempts_per_day", max_attempts_per_day=3, **entry).success
    refused = ask("save_max_attempts_per_day", max_attempts_per_day=9, **entry)
    assert refused == "InvalidMaxAttemptsPerDay"
    period = ask("get_base_strategy_period", **entry)
    assert period.only_weekdays is False and period.working_time[0].end_time_millis == 86_400_000
    assert ask("get_empty_number_no_more_calls_info", **entry).empty_number_no_more_calls is False
    same = ask("modify_instance", max_concurrent_conversation=500)
    assert same.instance.max_concurrent_conversation == 500, same
    refused = ask("modify_instance", max_concurrent_conversation=501)
    assert refused == "InvalidMaxConcurrentConversation"
    assert ask("delete_instance") == "UnsupportedOperation"


def signing():
    v2 = tea(algorithm="v2")
    assert ask("describe_instance", by=v2).success
    assert ask("list_job_groups", by=v2, page_number=1, page_size=1).success
    for client in (tea(secret="wrong"), tea(secret="wrong", algorithm="v2")):
        assert ask("describe_instance", by=client) == "SignatureDoesNotMatch"
    made = old("CreateJobGroup", JobGroupName=NAME, ScriptId=SCRIPT)
    assert made["JobGroup"]["JobGroupName"] == NAME, made
    assert old("DescribeInstance", secret="wrong") == "InvalidAccessKeySecret"
    assert old("DescribeInstance", InstanceId="none") == "NotExist.Instance"
    assert old("StartJob", JobJson="{}") == "UnsupportedOperation"
    number = made["JobGroup"]["JobGroupId"]
    assert old("SuspendJobs", JobGroupId=number, All=True)["Success"]
    edited = old("ModifyJobGroup", JobGroupId=number, Name="a b", **{"CallingNumber.1": "075586013388"})
    assert edited["JobGroup"]["CallingNumbers"] == ["075586013388"], edited


def ranges():
    def code(**fields):
        answer = ask("create_job_group", **{"job_group_name": "a", "script_id": SCRIPT, **fields})
        return answer if isinstance(answer, str) else "OK"

    for fields, want in [
        ({"job_group_name": "a" * 128}, "OK"),
        ({"job_group_name": "a" * 129}, "InvalidJobGroupName"),
        ({"job_group_name": None}, "MissingJobGroupName"),
        ({"ringing_duration": 5}, "OK"),
        ({"ringing_duration": 4}, "InvalidRingingDuration"),
        ({"ringing_duration": 120}, "OK"),
        ({"ringing_duration": 121}, "InvalidRingingDuration"),
        ({"min_concurrency": -1}, "InvalidMinConcurrency"),
        ({"min_concurrency": 1_000_000}, "LimitExceeded.MinConcurrency"),
        ({"priority": "Daily"}, "OK"),
        ({"priority": "Later"}, "InvalidPriority"),
        ({"calling_number": ["13912345678"]}, "InvalidCallingNumber"),
        ({"script_id": "none"}, "NotExist.Script"),
        ({"strategy_json": "{"}, "InvalidStrategyJson"),
    ]:
        assert code(**fields) == want, (fields, want)
    number = group().job_group_id
    many = [json.dumps(JOB)] * 100
    assert ask("assign_jobs", job_group_id=number, jobs_json=many) == "LimitExceeded.JobsJson"
    assert ask("assign_jobs", job_group_id=number, jobs_json=many[:99]).success
    for size, want in [(101, "InvalidPageSize"), (0, "InvalidPageSize")]:
        assert ask("list_job_groups", page_number=1, page_size=size) == want


WORKFLOWS = [workflow, jobs, instance, signing, ranges]
next(run for run in WORKFLOWS if run.__name__ == sys.argv[2])()
