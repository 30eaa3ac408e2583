"""What the demo company writes down: titles, subjects and notes, each in Chinese and in English.

A text is a pair (Chinese, English); which one is used follows the customer's language.
"""

from __future__ import annotations

from typing import NamedTuple

Pair = tuple[str, str]


class Grievance(NamedTuple):
    """What a customer complains about, and what was found to be the cause."""

    subject: Pair
    description: Pair
    cause: Pair


GRIEVANCES = (
    Grievance(
        ("设备到货时外箱破损", "Equipment arrived in a damaged crate"),
        (
            "签收时外箱一角压裂,内衬受潮,客户要求换货。",
            "One corner of the crate was crushed; the lining was damp. Asks for a replacement.",
        ),
        ("承运商中转时未固定货物", "The carrier did not secure the load in transit"),
    ),
    Grievance(
        ("维修工程师两次未按约到场", "The engineer missed two appointments"),
        (
            "约定上午九点,两次都没有来,也没有电话通知。",
            "Agreed for nine in the morning, came neither time and did not call.",
        ),
        ("排班表未同步到外勤手机", "The roster did not reach the field phones"),
    ),
    Grievance(
        ("发票抬头开错", "Invoice made out to the wrong company"),
        (
            "发票开给了母公司,财务无法入账。",
            "The invoice names the parent company; accounting cannot book it.",
        ),
        ("客户档案中抬头未更新", "The billing name in the customer file was out of date"),
    ),
    Grievance(
        ("系统升级后报表打不开", "Reports do not open after the upgrade"),
        (
            "周一升级后,月度报表页面一直转圈。",
            "Since Monday's upgrade the monthly report page never finishes loading.",
        ),
        ("升级脚本漏建一个索引", "The upgrade script left out an index"),
    ),
    Grievance(
        ("热线长时间无人接听", "Nobody answers the hotline"),
        (
            "连续三天下午拨打,等待超过二十分钟。",
            "Called on three afternoons and waited more than twenty minutes each time.",
        ),
        ("午后班次人手不足", "Too few people on the afternoon shift"),
    ),
    Grievance(
        ("合同约定的培训未安排", "Training promised in the contract was not held"),
        (
            "合同写明上线后一个月内培训,至今没有日期。",
            "The contract says within a month of going live; there is still no date.",
        ),
        ("培训任务没有转给项目组", "The training task was never handed to the project team"),
    ),
    Grievance(
        ("冷库温度报警频繁误报", "Cold-store alarms go off without cause"),
        (
            "夜间每小时误报一次,值班人员无法休息。",
            "A false alarm every hour at night; the guard gets no rest.",
        ),
        ("传感器校准周期过长", "Sensors were calibrated too rarely"),
    ),
    Grievance(
        ("对结算金额有争议", "Disputes the amount of the settlement"),
        ("客户认为延期交付的违约金没有扣除。", "Says that the penalty for late delivery was not deducted."),
        ("结算单未引用补充协议", "The settlement ignored the supplementary agreement"),
    ),
    Grievance(
        ("建议增加周末值班", "Suggests a weekend shift"),
        ("周末出现问题只能等到周一。", "Anything that happens at a weekend has to wait until Monday."),
        ("服务时间只覆盖工作日", "Service hours cover weekdays only"),
    ),
    Grievance(
        ("现场施工噪声影响办公", "Noise of the works disturbs the office"),
        ("施工安排在上班时间,影响会议。", "Drilling during office hours makes meetings impossible."),
        ("施工计划未与客户确认", "The schedule was not agreed with the customer"),
    ),
)

CONTRACT_TITLES: tuple[Pair, ...] = (
    ("年度设备维保合同", "Annual maintenance agreement"),
    ("智能仓储系统采购合同", "Smart warehouse system purchase"),
    ("数据平台建设合同", "Data platform project"),
    ("冷链监控系统供货合同", "Cold-chain monitoring supply"),
    ("备品备件框架协议", "Spare parts framework agreement"),
    ("软件许可与实施合同", "Software licence and rollout"),
    ("客服热线外包服务合同", "Service hotline outsourcing"),
    ("节能改造工程合同", "Energy retrofit works"),
    ("设备租赁合同", "Equipment lease"),
    ("技术咨询服务合同", "Technical consulting services"),
)
TERMS: tuple[Pair, ...] = (
    ("预付三成,验收后付六成,质保期满付一成。", "30% in advance, 60% on acceptance, 10% after the warranty."),
    ("按季结算,收到发票后三十日内付款。", "Settled by quarter, payable within 30 days of the invoice."),
    ("货到验收合格后一次付清。", "Paid in full once the delivery is accepted."),
)
RISKS: tuple[Pair, ...] = (
    ("交付期紧,逾期违约金每日千分之一。", "Tight delivery; a penalty of 0.1% for each day of delay."),
    ("客户资金计划未定,注意回款。", "The customer's budget is not settled; watch the payments."),
    ("关键部件依赖进口,需备选方案。", "A key part is imported; a second source is needed."),
)
OUR_DUTIES: tuple[Pair, ...] = (
    ("交付设备并完成安装调试", "Deliver, install and commission the equipment"),
    ("提交实施方案与进度计划", "Hand in the rollout plan and schedule"),
    ("完成用户培训", "Train the users"),
    ("出具季度巡检报告", "Report on the quarterly inspection"),
)
THEIR_DUTIES: tuple[Pair, ...] = (
    ("支付预付款", "Pay the advance"),
    ("提供场地与电源条件", "Provide the site and its power supply"),
    ("组织验收并签字", "Hold the acceptance and sign it"),
    ("支付尾款", "Pay the balance"),
)
PERFORMED: tuple[Pair, ...] = (
    ("到货验收", "Delivery accepted"),
    ("阶段结算", "Stage settled"),
    ("季度服务结算", "Quarter of service settled"),
)

ACTIVITIES: dict[str, tuple[Pair, ...]] = {
    "call": (
        ("电话回访使用情况", "Called about day-to-day use"),
        ("确认付款进度", "Asked about the payment"),
        ("预约下周拜访", "Arranged a visit for next week"),
    ),
    "visit": (
        ("拜访并查看现场", "Visited the site"),
        ("上门演示新方案", "Showed the new proposal on site"),
        ("节前走访", "Courtesy visit before the holidays"),
    ),
    "meeting": (
        ("项目例会", "Project meeting"),
        ("需求讨论会", "Workshop on requirements"),
        ("合同条款协商", "Talks on the contract terms"),
    ),
    "mail": (
        ("发送报价单", "Sent the quotation"),
        ("发送产品资料", "Sent product papers"),
        ("回复技术问题", "Answered technical questions"),
    ),
    "note": (
        ("客户组织架构有调整", "The customer reorganised"),
        ("了解到明年预算安排", "Heard about next year's budget"),
        ("竞争对手近期来访", "A competitor called on them recently"),
    ),
}
OUTCOMES: tuple[Pair, ...] = (
    ("沟通顺利,客户希望两周内收到方案。", "Went well; they expect a proposal within two weeks."),
    ("客户对服务响应速度满意。", "Pleased with how fast service responds."),
    ("对价格仍有顾虑,需要再算一版。", "Still worried about the price; another calculation is needed."),
    ("负责人出差,下周再联系。", "The person in charge is travelling; try again next week."),
)
NEXT_ACTIONS: tuple[Pair, ...] = (
    ("约决策人面谈", "Meet the decision-maker"),
    ("提交续约方案", "Propose the renewal"),
    ("跟进招标公告", "Watch for the tender notice"),
    ("安排满意度回访", "Call about satisfaction"),
    ("补齐客户档案", "Complete the customer file"),
)
JOB_TITLES: tuple[Pair, ...] = (
    ("总经理", "Managing director"),
    ("副总经理", "Deputy director"),
    ("采购经理", "Purchasing manager"),
    ("设备主管", "Equipment supervisor"),
    ("信息中心主任", "Head of IT"),
    ("财务经理", "Finance manager"),
    ("项目负责人", "Project lead"),
    ("行政主管", "Office manager"),
)
SOURCES = ("老客户介绍", "展会", "官网", "招标平台", "电话拓展", "合作伙伴推荐")

#: What an event in a complaint's timeline says.
EVENTS: dict[str, Pair] = {
    "logged": ("已登记客户反映的情况。", "Logged what the customer said."),
    "assessed": ("已评估影响范围和紧急程度。", "Assessed reach and urgency."),
    "assigned": ("已指派经办人。", "Assigned to somebody."),
    "relayed": ("转相关部门配合处理。", "Relayed to the department concerned."),
    "escalated": ("已上报主管。", "Escalated to the supervisor."),
    "contacted": ("已致电客户说明处理进展。", "Called the customer about progress."),
    "noted": ("补充记录现场照片编号。", "Added the numbers of the photographs."),
    "waiting": ("等待客户提供资料。", "Waiting for papers from the customer."),
    "resumed": ("资料已收到,继续处理。", "The papers came; work goes on."),
    "solved": ("已提出解决办法并执行。", "Found a remedy and carried it out."),
    "confirmed": ("客户确认问题已解决。", "The customer confirms that it is solved."),
    "closed": ("结案归档。", "Closed."),
    "reopened": ("问题再次出现,重新打开。", "It happened again; reopened."),
}
