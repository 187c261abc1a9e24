import type { Bilingual } from '../ledger/fact.ts';

/** `code: 中文 | English | explanation 中文 | explanation English`, the last two where the name alone may mislead. */
const parse = (text: string): Record<string, Bilingual & { explanation?: Bilingual }> =>
  Object.fromEntries(
    text
      .trim()
      .split('\n')
      .map((line) => {
        const [code, rest] = line.trim().split(/: (.*)/s) as [string, string];
        const [zh, en, zhMore, enMore] = rest.split(' | ') as [string, string, string?, string?];
        return [
          code,
          { en, zh, ...(enMore === undefined ? {} : { explanation: { en: enMore, zh: zhMore! } }) },
        ];
      }),
  );

/** Names in both languages of every code the API knows; a test holds them against the codes themselves. */
export const VOCABULARY = {
  role: parse(`
    operator: 运营方 | Operator
    station: 小蓝之家 | Station
    warehouse: 海洋云仓 | Warehouse
    carrier: 承运方 | Carrier
    recycler: 再生企业 | Recycler
    brand: 品牌方 | Brand
    certifier: 认证机构 | Certification body
    auditor: 审计方 | Auditor
    fund: 共富基金 | Fund
    payer: 付款方 | Payer
    regulator: 监管方 | Regulator`),
  material: parse(`
    pet: 聚酯 PET | PET
    pe-hd: 高密度聚乙烯 | HDPE
    pe-ld: 低密度聚乙烯 | LDPE
    pvc: 聚氯乙烯 | PVC
    pp: 聚丙烯 | PP
    ps: 聚苯乙烯 | PS
    pa6: 尼龙 6 | PA6 (nylon 6)
    abs: ABS 塑料 | ABS
    pur: 聚氨酯 | PUR
    other-plastic: 其他塑料 | Other plastic
    mixed-plastic: 混合塑料 | Mixed plastic | 分拣前不可声明 | Not claimable before it is sorted
    mixed-debris: 混合海漂垃圾 | Mixed debris | 分拣前不可声明 | Not claimable before it is sorted
    rubber: 橡胶 | Rubber
    textile: 纺织物 | Textile
    metal: 金属 | Metal
    glass: 玻璃 | Glass
    wood: 木材 | Wood
    organic: 有机物 | Organic matter
    sand: 沙石 | Sand
    residue: 残渣 | Residue
    sludge: 污泥 | Sludge
    oily-water: 含油污水 | Oily water | 污染物，不入塑料 | A pollutant, never in a plastic lot
    sewage: 生活污水 | Sewage | 污染物，不入塑料 | A pollutant, never in a plastic lot
    waste-oil: 废油 | Waste oil | 污染物，不入塑料 | A pollutant, never in a plastic lot
    lead-acid-battery: 铅酸电池 | Lead-acid battery | 污染物，不入塑料 | A pollutant, never in a plastic lot
    hazardous-other: 其他危险废物 | Other hazardous waste | 污染物，不入塑料 | A pollutant, never in a plastic lot`),
  form: parse(`
    bottle: 瓶 | Bottle
    rigid: 硬质件 | Rigid
    fishing-net: 渔网 | Fishing net
    rope: 绳索 | Rope
    foam: 泡沫 | Foam
    film: 薄膜 | Film
    mixed: 混合 | Mixed
    bale: 打包 | Bale
    flake: 破碎片 | Flake
    pellet: 粒子 | Pellet
    yarn: 纱线 | Yarn
    product: 产品 | Product
    liquid: 液体 | Liquid`),
  originClass: parse(`
    sea-recovered: 海上打捞 | Recovered at sea | 唯一可称“海洋塑料” | The only class that may be called ocean plastic
    shoreline: 岸线 | Shoreline | 属“趋海塑料” | Ocean-bound
    waterway: 入海河道 | Waterway | 属“趋海塑料” | Ocean-bound
    fishing-gear: 废弃渔具 | Abandoned fishing gear
    aquaculture-gear: 废弃养殖具 | Abandoned aquaculture gear
    potential-ocean-bound: 潜在趋海 | Potentially ocean-bound
    vessel-waste: 船舶垃圾 | Vessel waste | 不得称海洋塑料 | Never ocean plastic
    gear-handed-in: 上交渔具 | Gear handed in at the quay | 不得称海洋塑料 | Never ocean plastic
    land: 陆源 | Land
    none: 无来源 | None
    unknown: 未知 | Unknown`),
  step: parse(`
    consolidate: 归集 | Consolidate
    sort: 分拣 | Sort
    bale: 打包 | Bale
    wash: 清洗 | Wash
    shred: 破碎 | Shred
    pelletise: 造粒 | Pelletise
    wash-pelletise: 清洗造粒 | Wash and pelletise
    blend: 掺混 | Blend
    split: 拆分 | Split`),
  custodyModel: parse(`
    identity-preserved: 身份保持 | Identity preserved | ISO 22095 | ISO 22095
    segregated: 隔离 | Segregated | ISO 22095 | ISO 22095
    controlled-blending: 受控混合 | Controlled blending | ISO 22095 | ISO 22095
    mass-balance: 质量平衡 | Mass balance | ISO 22095 | ISO 22095`),
  lossKind: parse(`
    drained: 沥水 | Drained
    evaporated: 蒸发 | Evaporated
    spilled: 洒落 | Spilled
    scale-difference: 磅差 | Scale difference
    theft: 失窃 | Theft
    fire: 火灾 | Fire
    lost-at-sea: 海上遗失 | Lost at sea
    sample: 取样 | Sample
    stock-shortage: 盘亏 | Stock shortage
    taken-over: 盘盈冲销 | Surplus taken over | 迟报的称重说明了盘盈 | A late weigh-in explained the surplus of a count
    unexplained: 原因不明 | Unexplained`),
  outsideKind: parse(`
    opening-stock: 期初库存 | Opening stock
    purchase: 外购 | Purchase
    virgin: 原生料 | Virgin material
    additive: 助剂 | Additive
    regrind: 回用料 | Regrind`),
  exitWay: parse(`
    disposal: 处置 | Disposal | 须有联单与接收方许可证 | With a waste manifest and a licensed receiver
    released-uncertified: 无声明放行 | Released uncertified | 作废料出售，不再可声明 | Sold as scrap, never claimed
    reused: 再使用 | Reused | 浮子、周转箱等直接再用 | Floats, crates and the like, used again as they are`),
  incidentKind: parse(`
    fire: 火灾 | Fire
    theft: 失窃 | Theft
    lost-at-sea: 海上遗失 | Lost at sea`),
  deductionKind: parse(`
    water: 含水 | Water
    sand: 含沙 | Sand
    organic: 有机杂质 | Organic matter
    foreign: 其他杂质 | Foreign matter`),
  mark: parse(`
    unresolved: 对象未登记 | Not registered yet | 收集员、船舶、容器或设备未登记，款项暂存 | A collector, vessel, container or device is not known; money waits
    clock-doubtful: 时间存疑 | Clock in doubt
    late: 迟报 | Late | 仅提示，不影响声明 | Said, and without effect on a claim
    not-attested: 签名不符 | Signature does not fit
    counter-gap: 序号缺失 | Gap in the device's counter
    counter-repeated: 序号重复 | Counter used twice
    scale-expired: 秤检定过期 | Scale out of date
    site-closed: 站点已关闭 | Site closed
    beyond-scale: 超出量程 | Beyond the scale's range
    origin-declared: 来源仅申报 | Origin only declared
    origin-none: 无来源证据 | No evidence of origin
    duplicate-evidence: 证据重复 | Evidence used twice
    far-from-site: 位置过远 | Far from the site
    estimated: 估重 | Estimated
    device-closed: 设备已停用 | Device closed
    yield-above-range: 得率偏高 | Yield above range
    yield-below-range: 得率偏低 | Yield below range
    no-line-clean: 无清线记录 | No line-clean record
    certificate-expired: 外部证书过期 | Outside certificate expired
    surplus: 盘盈 | Surplus | 无来源，不可声明，不付款 | No origin, never claimable, never paid
    review: 复核 | Under review
    seal-broken: 封签破损或不符 | Seal broken or another
    container-weight: 容器重量不符 | Container weighs otherwise | 封签时秤重与账面相差超出容差 | Sealed with a weight beyond tolerance of what is booked in it
    paper: 纸单补录 | From paper | 由纸质单据补录，付款照常，须经两人核对 | Typed in later from a slip; paid as usual, claimable once two have checked it
    possible-duplicate: 疑似重复 | May be a duplicate | 同一单号或袋标、重量不同，款项暂存 | The same slip or tag with other weights; money waits
    implausible-mass: 单件重量异常 | Implausible mass a piece
    check-weight-missing: 未做砝码核查 | Check weight missing`),
  containerKind: parse(`
    bag: 袋 | Bag
    bin: 桶 | Bin
    big-bag: 吨袋 | Big-bag`),
  caseKind: parse(`
    receipt-short: 到货短缺 | Received too little
    receipt-surplus: 到货溢余 | Received too much
    weigh-in-deficit: 称重亏欠 | Weighed in too much | 更正时货已领用 | Found when its grams had been used already
    load-lost: 货物遗失待查 | Load reported lost | 无警方或保险编号，须他人裁定 | Without a number of the police or the insurer; others decide
    late-count: 迟报与盘点不符 | Late beyond a count | 盘点时点之前称重，盘点却未见盈余 | Weighed in before a count that found no such surplus
    dispute: 异议 | Dispute | 收集员不认可重量、扣杂或价格，七日内由他人答复 | A collector does not take weight, deduction or price as right; others answer within seven days
    re-weighing: 复称差异 | Re-weighing | 再次过秤与账面相差超出允差 | A second weighing differs from the books by more than the tolerance
    pollutant-transfer: 污染物转移量差 | Pollutants arrived at another weight | 与发出量相差超出允差，由他人裁定 | Further from what was sent than the tolerance; others decide
    anomaly: 异常规则命中 | Found by an anomaly rule | 裁定为损失即属实，其余为误报 | Decided as a loss it was true; otherwise a false alarm`),
  accountKind: parse(`
    payable: 应付收集员 | Owed to a collector
    provisional: 暂记应付 | Owed provisionally | 待有关标记裁定 | Until a mark was decided
    suspense: 待认领 | In suspense | 身份未明，保留 180 天 | Earned by people not yet known; kept 180 days
    overpaid: 多付 | Overpaid | 站点差错，非收集员债务，经同意方可抵扣 | An error of the station and no debt; netted only with consent
    purchases: 收购成本 | Purchases
    premiums: 来源溢价成本 | Origin premiums
    bonuses: 二次返利 | Second distribution
    float: 备用金 | Cash float
    float-differences: 备用金差异 | Differences of cash counts
    goods: 实物兑付 | Goods handed out
    bank: 银行存款 | Bank
    rail: 支付渠道余额 | Balance with a payment rail
    capital: 投入资金 | Funds put in
    receivable: 应收货款 | Owed by a buyer
    sales: 销售收入 | Sales
    batch-costs: 批次成本 | Costs of batches
    creditors: 应付供应商 | Owed for costs
    undistributed: 待分配 | To be distributed
    hold-back: 退货预留 | Held back for returns
    operator-share: 运营方份额 | Share of the operator
    fund: 共富基金 | Common prosperity fund
    tax-withheld: 代扣代缴个人所得税 | Income tax withheld | 代收集员预缴，尚未缴入国库 | Prepaid for collectors, and not yet paid to the tax office
    unmatched: 待核对款项 | Receipts and payments not matched
    write-offs: 核销 | Written off
    vat-payable: 代缴增值税 | VAT payable | 反向开票代出售者申报，尚未缴入国库 | Of reverse invoices, declared for the sellers, and not yet paid to the tax office`),
  incomeKind: parse(`
    purchase: 收购款 | Purchase
    price-supplement: 价外补贴 | Price supplement | 属收购价款的一部分，如来源溢价、二次返利 | Part of the price, as an origin premium or a second distribution
    subsidy: 补助 | Subsidy
    wage: 劳务报酬 | Wage
    gift: 慰问赠与 | Gift`),
  payoutRail: parse(`
    wechat: 微信商家转账 | WeChat Pay transfer
    bank: 银行代发 | Bank batch
    cash: 现金签领 | Cash against a signature`),
  payoutState: parse(`
    draft: 草稿 | Draft
    held: 暂停 | Held
    approved: 已批准 | Approved
    rejected: 已驳回 | Rejected
    submitted: 已提交 | Submitted
    unknown: 结果未知 | Unknown | 渠道未答复，只查询，不换单号重付 | The rail did not answer; it is asked, and never paid under a new number
    awaiting-confirmation: 待本人确认 | Awaiting confirmation
    cancelling: 撤销中 | Cancelling
    paid: 已付 | Paid
    failed: 失败 | Failed
    expired: 逾期未确认 | Expired | 款项退回，仍应付 | The money went back, and is owed again
    returned: 退票 | Returned | 已付后退回，仍应付 | It was paid and came back, and is owed again
    cancelled: 已撤销 | Cancelled`),
  payoutHold: parse(`
    payee-changed: 收款账户 72 小时内变更 | Payee changed within 72 hours
    account-shared: 两人共用账户 | Account shared by two people
    dispute: 有异议未决 | A dispute is open
    identity: 缺实名 | The real name is missing
    by-hand: 人工暂停 | Held by hand`),
  fundSource: parse(`
    carbon-trade: 碳汇交易 | Carbon trade
    donation: 捐赠 | Donation
    grant: 补助 | Grant
    interest: 利息 | Interest
    other: 其他 | Other`),
  fundGift: parse(`
    money: 现金分配 | Money
    goods: 物资 | Goods
    service: 服务 | Service
    insurance: 保险 | Insurance`),
  unclaimedReason: parse(`
    nobody-known: 身份未明 | Nobody known | 交来人未登记，款项待认领 | Earned by somebody not registered; waits in suspense until named
    erased: 个人信息已删除 | Personal data erased
    no-payee: 未登记收款方式 | Nothing says where to pay
    held: 付款单暂停中 | Its order is held
    under-way: 付款未完成 | A payment is under way
    expired: 逾期未确认 | Nobody confirmed
    failed: 付款失败 | The payment failed
    returned: 退票 | The payment came back
    not-ordered: 尚未拟定付款 | No order pays it`),
  reconciliationReason: parse(`
    missing-here: 我方无此笔 | Not known here | 对账单上有，我方没有此参考号 | The statement has it; nothing here bears its reference
    no-reference: 无参考号 | No reference | 对账单上有，未写参考号，也无同额记账 | The statement has it without a reference, and nothing of this amount was booked
    missing-at-rail: 渠道无此笔 | Missing at the rail | 我方记为已付，渠道对账单上没有 | Paid by our books; the rail's statement of that day lacks it
    missing-at-bank: 银行无此笔 | Missing at the bank | 我方记为已付，银行对账单上没有 | Paid by our books; the bank's statement of that day lacks it
    amount-differs: 金额不符 | Another amount
    twice: 重复 | Twice | 同一笔出现两次 | The same payment stands there twice
    paid-after-end: 结束后又付 | Paid after it ended | 我方记为未付、仍应付，对账单上已付 | Ended without paying by our books and is owed again; the statement says paid
    not-told-yet: 尚未得知结果 | Not told yet | 对账单上已有结果，渠道尚未答复 | The statement has a result; the rail has not answered yet
    late-return: 事后退票 | Came back later | 我方记为已付，对账单上已退回 | Paid by our books; the statement says it came back
    contradicts: 与已知不符 | Contradicts what is known`),
  reconciliationDecision: parse(`
    explained: 已说明，无需转账 | Explained, no money moves
    to-account: 转入自有账户 | Moved to an account of the programme
    booked-elsewhere: 已另行入账 | Booked by another fact already
    counts-as-paid: 算作已付本人 | Counts as paid to the person | 抵应付，超出部分记为多付 | Taken off what is owed; what is beyond it is overpaid
    accept-return: 确认退票 | The return is accepted | 重新应付 | It is owed again`),
  disputeAbout: parse(`
    weight: 重量 | Weight
    deduction: 扣杂 | Deduction
    price: 价格 | Price
    person: 人员 | Person | 记在他人名下 | Booked to somebody else
    other: 其他 | Other`),
  spokenWay: parse(`
    pin: 卡加密码 | Card and PIN
    card: 持卡 | Card in hand
    sms: 一次性链接 | One-time link
    mark: 手印 | Mark | 手印或签字的照片 | A photo of a thumb print or a signature
    on-behalf: 代为提出 | On the collector's behalf | 由站点或运营方代提 | Entered by the station or the operator`),
  costKind: parse(`
    purchase: 采购 | Purchase
    collection: 收集 | Collection
    transport: 运输 | Transport
    processing: 加工 | Processing
    storage: 仓储 | Storage
    certification: 认证 | Certification
    other: 其他 | Other`),
  treatmentMethod: parse(`
    oil-separation: 油水分离 | Oil separation
    oil-refining: 废油再生 | Oil refining
    sewage-treatment: 污水处理 | Sewage treatment
    battery-recycling: 电池再生 | Battery recycling
    incineration: 焚烧 | Incineration
    landfill: 填埋 | Landfill
    other-treatment: 其他处理 | Other treatment`),
  declarationState: parse(`
    declared: 已申报 | Declared
    accepted: 已接单 | Accepted
    received: 已接收 | Received
    refused: 已拒绝 | Refused
    cancelled: 已撤回 | Cancelled
    unanswered: 无人应答 | Unanswered | 逾期无人接单 | Nobody accepted in time
    not-collected: 接单未到 | Not collected | 已接单，过时未接收 | Accepted, and nobody came in time`),
  receptionMark: parse(`
    unresolved: 船舶未登记 | Vessel not known | 既无登记船舶也无船号 | Neither a registered vessel nor its number
    no-capability: 无此接收能力 | Not on the site's list | 已接收并标注 | Received all the same, and marked
    no-licence: 无许可证 | No licence
    licence-expired: 许可证过期 | Licence expired
    site-closed: 站点已关闭 | Site closed
    late: 迟报 | Late`),
};
