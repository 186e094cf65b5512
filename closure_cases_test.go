package postern_test

import (
	"time"

	"postern"
)

// eighteen encodes every pattern of the wall map's table, A to R, with a real case and its real dates.
func eighteen() []closureCase {
	return append(append(paperCases(), dateCases()...), oddCases()...)
}

func paperCases() []closureCase {
	old := shop("wechatpay", "wechat", "2020-01-01", "")
	fresh := shop("wechatpay", "wechat")
	idle := with(old, func(w *postern.Asker) { w.LastUsed = day("2024-01-01") })
	busy := with(old, func(w *postern.Asker) { w.LastUsed = day("2024-06-20") })
	return []closureCase{
		{"A no new sign-ups: a v2 interface stopped opening on 10 November 2021, holders go on",
			[]postern.Closure{closure(postern.ByProvider, postern.Scope{Providers: []string{"wechatpay"}}, off(postern.ActSign, "2021-11-10"))},
			[]ask{{postern.ActSign, fresh, "2021-11-09", true}, {postern.ActSign, fresh, "2021-11-10", false}, {postern.ActPay, old, "2021-11-10", true}, {postern.ActRenew, old, "2022-01-01", true}}},
		{"B no renewal: support ends with each contract",
			[]postern.Closure{founding},
			[]ask{{postern.ActPay, shop("alipay", "wechat", "2013-05-01", "2014-05-01"), "2014-04-30", true}, {postern.ActPay, shop("alipay", "wechat", "2013-05-01", "2014-05-01"), "2014-05-01", false},
				{postern.ActRenew, shop("alipay", "wechat", "2013-05-01", "2014-05-01"), "2014-05-01", false}}},
		{"C scene restriction: live rooms from 9 October 2020, short videos not",
			[]postern.Closure{closure(postern.ByHost, postern.Scope{Containers: []string{"douyin-live"}}, off(postern.ActPay, "2020-10-09"))},
			[]ask{{postern.ActPay, shop("alipay", "douyin-live", "2019-01-01", ""), "2020-10-08", true}, {postern.ActPay, shop("alipay", "douyin-live", "2019-01-01", ""), "2020-10-09", false},
				{postern.ActPay, shop("alipay", "douyin", "2019-01-01", ""), "2020-10-09", true}}},
		{"D product replaced: only the new transfer product is granted after 15 January 2025",
			[]postern.Closure{closure(postern.ByProvider, postern.Scope{Providers: []string{"wechatpay"}, Products: []string{"transfer-old"}}, off(postern.ActSign, "2025-01-16"))},
			[]ask{{postern.ActSign, with(fresh, func(w *postern.Asker) { w.Product = "transfer-old" }), "2025-01-15", true}, {postern.ActSign, with(fresh, func(w *postern.Asker) { w.Product = "transfer-old" }), "2025-01-16", false},
				{postern.ActSign, with(fresh, func(w *postern.Asker) { w.Product = "transfer-new" }), "2025-01-16", true}, {postern.ActPay, with(old, func(w *postern.Asker) { w.Product = "transfer-old" }), "2025-02-01", true}}},
		{"K per-merchant risk: payment closed, settlement frozen, refunds go on",
			[]postern.Closure{closure(postern.ByProvider, postern.Scope{Providers: []string{"wechatpay"}, Merchants: []string{"mer_1"}}, off(postern.ActPay, "2016-09-01"), off(postern.ActSettle, "2016-09-01", "2016-10-01"))},
			[]ask{{postern.ActPay, shop("wechatpay", "wechat", "2015-01-01", ""), "2016-09-01", false}, {postern.ActRefund, shop("wechatpay", "wechat", "2015-01-01", ""), "2016-09-02", true},
				{postern.ActSettle, shop("wechatpay", "wechat", "2015-01-01", ""), "2016-09-30", false}, {postern.ActSettle, shop("wechatpay", "wechat", "2015-01-01", ""), "2016-10-01", true},
				{postern.ActPay, with(shop("wechatpay", "wechat", "2015-01-01", ""), func(w *postern.Asker) { w.MerchantID = "mer_2" }), "2016-09-02", true}}},
		{"L dormancy: 180 days without trade",
			[]postern.Closure{closure(postern.ByProvider, postern.Scope{Providers: []string{"wechatpay"}, IdleFor: 180 * 24 * time.Hour}, off(postern.ActPay, "2024-04-01"))},
			[]ask{{postern.ActPay, idle, "2024-06-28", true}, {postern.ActPay, idle, "2024-06-29", false}, {postern.ActPay, busy, "2024-06-29", true}, {postern.ActRefund, idle, "2024-08-01", true}}},
	}
}

func dateCases() []closureCase {
	world := shop("visa", "browser-mobile", "2010-01-01", "")
	india := shop("paypal", "browser-mobile", "2017-01-01", "")
	live := shop("alipay", "douyin-live", "2019-01-01", "")
	pos := shop("alipay", "pos", "2012-01-01", "")
	bank := func(set string) postern.Asker {
		return with(shop("alipay", "wechat", "2015-01-01", ""), func(w *postern.Asker) { w.CredentialSetID = set })
	}
	moscow := func(act postern.Act, from string) postern.Withdrawal { return off(act, from) }
	return []closureCase{
		{"E dated withdrawal: said on 5 February 2021, ends on 1 April 2021, refunds go on",
			[]postern.Closure{closure(postern.ByProvider, postern.Scope{Providers: []string{"paypal"}}, off(postern.ActPay, "2021-04-01"), off(postern.ActSign, "2021-02-05"))},
			[]ask{{postern.ActPay, india, "2021-03-31", true}, {postern.ActPay, india, "2021-04-01", false}, {postern.ActRefund, india, "2021-06-01", true}, {postern.ActSettle, india, "2021-04-02", true}, {postern.ActSign, shop("paypal", "browser-mobile"), "2021-03-01", false}}},
		{"F staged choke: mediation from 6 September, ban on 9 October 2020",
			[]postern.Closure{closure(postern.ByHost, postern.Scope{Containers: []string{"douyin-live"}}, off(postern.ActSign, "2020-09-06"), off(postern.ActPay, "2020-10-09"))},
			[]ask{{postern.ActSign, shop("alipay", "douyin-live"), "2020-09-06", false}, {postern.ActPay, live, "2020-09-30", true}, {postern.ActPay, live, "2020-10-09", false}}},
		{"G sudden cut: all offline terminals on 27 August 2013, existing partners handled properly",
			[]postern.Closure{closure(postern.ByProvider, postern.Scope{Providers: []string{"alipay"}, Containers: []string{"pos"}}, off(postern.ActPay, "2013-08-27"), off(postern.ActSign, "2013-08-27"))},
			[]ask{{postern.ActPay, pos, "2013-08-26", true}, {postern.ActPay, pos, "2013-08-27", false}, {postern.ActRefund, pos, "2013-08-28", true}, {postern.ActPay, shop("alipay", "browser-mobile", "2012-01-01", ""), "2013-08-28", true}}},
		{"H region stop: payments off on 10 March 2022, disputes a day later",
			[]postern.Closure{closure(postern.ByProvider, postern.Scope{Providers: []string{"visa"}}, moscow(postern.ActPay, "2022-03-10"), moscow(postern.ActDispute, "2022-03-11"))},
			[]ask{{postern.ActPay, world, "2022-03-09", true}, {postern.ActPay, world, "2022-03-10", false}, {postern.ActDispute, world, "2022-03-10", true}, {postern.ActDispute, world, "2022-03-11", false}, {postern.ActPay, shop("mir", "browser-mobile", "2010-01-01", ""), "2022-03-10", true}}},
		{"I regulator re-plumbing: direct links end on 30 June 2018, one bank a month later",
			[]postern.Closure{closure(postern.ByRegulator, postern.Scope{CredentialSets: []string{"direct-a"}}, off(postern.ActPay, "2018-06-30")), closure(postern.ByRegulator, postern.Scope{CredentialSets: []string{"direct-citic"}}, off(postern.ActPay, "2018-07-31"))},
			[]ask{{postern.ActPay, bank("direct-a"), "2018-06-29", true}, {postern.ActPay, bank("direct-a"), "2018-06-30", false}, {postern.ActPay, bank("direct-citic"), "2018-07-30", true}, {postern.ActPay, bank("direct-citic"), "2018-07-31", false}, {postern.ActPay, bank("nets-union"), "2018-08-01", true}}},
		{"J announced and not carried out: personal codes from 1 March 2022, softened on the eve",
			[]postern.Closure{closure(postern.ByRegulator, postern.Scope{Products: []string{"personal-code"}}, off(postern.ActPay, "2022-03-01")).Move(day("2021-10-13"), "announced", "", off(postern.ActPay, "2022-03-01")).Move(day("2022-02-22"), "withdrawn", "personal codes go on")},
			[]ask{{postern.ActPay, with(shop("wechatpay", "wechat", "2019-01-01", ""), func(w *postern.Asker) { w.Product = "personal-code" }), "2022-03-01", true}}},
	}
}

func oddCases() []closureCase {
	tiny := shop("alipay", "browser-mobile", "2012-01-01", "")
	large := with(tiny, func(w *postern.Asker) { w.Amount = 500_001 })
	feishu := shop("wechatpay", "feishu", "2018-01-01", "")
	early, late := shop("wechatpay", "taobao", "2020-01-01", ""), with(shop("wechatpay", "taobao", "2020-01-01", ""), func(w *postern.Asker) { w.Bucket = 9_000 })
	kuaishou := shop("alipay", "kuaishou", "2019-01-01", "")
	return []closureCase{
		{"M amount cap: more than 5,000 yuan is closed from March 2014",
			[]postern.Closure{closure(postern.ByProvider, postern.Scope{Providers: []string{"alipay"}, MinAmount: 500_001}, off(postern.ActPay, "2014-03-22"))},
			[]ask{{postern.ActPay, tiny, "2014-03-22", true}, {postern.ActPay, large, "2014-03-21", true}, {postern.ActPay, large, "2014-03-22", false}}},
		{"N infrastructure move: old addresses off on 31 March 2022 close nothing that is paid",
			[]postern.Closure{closure(postern.ByProvider, postern.Scope{Providers: []string{"wechatpay"}, Products: []string{"old-address"}}, off(postern.ActPay, "2022-03-31"))},
			[]ask{{postern.ActPay, shop("wechatpay", "wechat", "2018-01-01", ""), "2022-04-01", true}}},
		{"O hidden for some: opened in batches, three buyers in ten still shut out",
			[]postern.Closure{closure(postern.ByHost, postern.Scope{Providers: []string{"wechatpay"}, Containers: []string{"taobao"}, Share: 3_000}, off(postern.ActPay, "2013-11-22", "2024-09-12"))},
			[]ask{{postern.ActPay, early, "2024-09-01", false}, {postern.ActPay, late, "2024-09-01", true}, {postern.ActPay, early, "2024-09-12", true}}},
		{"P the host blocks the link, not the payment: Feishu from 28 February 2020",
			[]postern.Closure{closure(postern.ByHost, postern.Scope{Containers: []string{"feishu"}}, off(postern.ActPay, "2020-02-28"))},
			[]ask{{postern.ActPay, feishu, "2020-02-27", true}, {postern.ActPay, feishu, "2020-02-28", false}, {postern.ActPay, with(feishu, func(w *postern.Asker) { w.Container = "wechat" }), "2020-02-28", true}}},
		{"Q the adapter is gone: a code without a connector is a valid name",
			[]postern.Closure{closure(postern.ByProvider, postern.Scope{Providers: []string{"qqwallet"}}, off(postern.ActPay, "2021-01-01"), off(postern.ActSign, "2021-01-01"))},
			[]ask{{postern.ActPay, shop("qqwallet", "qq", "2015-01-01", ""), "2021-01-01", false}, {postern.ActRefund, shop("qqwallet", "qq", "2015-01-01", ""), "2021-01-02", true}}},
		{"R opening for a window: closed on 1 March 2022, open again for a fixed time",
			[]postern.Closure{closure(postern.ByHost, postern.Scope{Containers: []string{"kuaishou"}}, off(postern.ActPay, "2022-03-01", "2022-06-01"), off(postern.ActPay, "2022-07-01"))},
			[]ask{{postern.ActPay, kuaishou, "2022-02-28", true}, {postern.ActPay, kuaishou, "2022-03-01", false}, {postern.ActPay, kuaishou, "2022-06-01", true}, {postern.ActPay, kuaishou, "2022-06-30", true}, {postern.ActPay, kuaishou, "2022-07-01", false}}},
	}
}
