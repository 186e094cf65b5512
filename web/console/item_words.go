package console

import (
	"strconv"
	"strings"
	"time"

	"postern"
	"postern/web/ui"
)

// itemWords are the sentences of the pages about items in one language.
type itemWords struct {
	New, Empty, NewTitle, EditTitle, ShareTitle, MadeWithout                                                              string
	Pictures, PicturesHint, Upload, First, IsFirst, Remove, PictureN, RoomLeft                                            string
	Title, TitleHint, Description, DescriptionHint, Choices, ChoicesHint, ChoiceName, Price, Count, Stock, StockHint      string
	OneMore, TakeOff, Rest, PerBuyer, PerBuyerHint, Sale, From, Until, SaleHint, Delivery, Delivers, Fee, Regions         string
	Everywhere, Nowhere, Tick, Save, Create, SaveFirst                                                                    string
	StockTitle, StockLine, Left, Held, Sold, Pieces, Add, Less, StockMoved, StockNow                                      string
	RemoveTitle, RemoveLine, RemoveAct, RestoreTitle, RestoreLine, RestoreAct                                             string
	StateOn, StateSoon, StateOver, StateGone, StateOut, Uncounted, NLeft                                                  string
	ShareLine, NotOnSale, Link, Short, QRLabel, Scan, Posters, PosterPNG, PosterPDF, PosterSVG, Preview, Edit, NewAnother string
}

var itemChinese = itemWords{
	New: "上架商品", Empty: "还没有商品。拍张照，写个价，就能分享给买家。", NewTitle: "上架商品", EditTitle: "改商品", ShareTitle: "分享商品", MadeWithout: "商品已经上架，但有一张图片没加上：",
	Pictures: "图片", PicturesHint: "最多 9 张，第一张是封面。拍摄地点等信息会去掉。", Upload: "添加图片", First: "设为封面", IsFirst: "封面", Remove: "删除", PictureN: "第 %d 张图片", RoomLeft: "还可以加 %d 张",
	Title: "商品名", TitleHint: "最多 60 个字", Description: "介绍", DescriptionHint: "可以不写，最多 2000 个字", Choices: "价格和库存", ChoicesHint: "只有一种就不用写规格名。", ChoiceName: "规格名", Price: "价格（元）", Count: "计库存", Stock: "库存件数", StockHint: "不计库存就永远不会卖完",
	OneMore: "再加一种规格", TakeOff: "下架这种规格", Rest: "限购、时间、配送", PerBuyer: "每人限购", PerBuyerHint: "件数，按手机号算；不限就空着", Sale: "销售时间", From: "开始", Until: "结束", SaleHint: "店铺时区 %s；空着就是马上开始、一直卖", Delivery: "配送", Delivers: "要寄给买家，下单时填地址", Fee: "每单运费（元），0 就是包邮", Regions: "送到哪里",
	Everywhere: "全国", Nowhere: "全不选", Tick: "按下面勾选", Save: "保存", Create: "上架并分享", SaveFirst: "图片、规格可以以后再改。",
	StockTitle: "加减库存", StockLine: "库存只加减，不改写：您数货的时候，订单可能正在进来。", Left: "可卖", Held: "待付款占用", Sold: "已卖", Pieces: "件数", Add: "加", Less: "减", StockMoved: "刚才这一次还没改完，没有再改。下面是现在的数，请再看一眼。", StockNow: "库存改好了，现在可卖 %d 件。",
	RemoveTitle: "下架", RemoveLine: "买家打开链接会看到已下架；已有的订单照常。", RemoveAct: "下架商品", RestoreTitle: "已下架", RestoreLine: "重新上架后，原来的链接又能下单。", RestoreAct: "重新上架",
	StateOn: "在卖", StateSoon: "未开始", StateOver: "已结束", StateGone: "已下架", StateOut: "卖完了", Uncounted: "不计库存", NLeft: "剩 %d 件",
	ShareLine: "把链接发到任何聊天里，买家点开就能买。", NotOnSale: "现在买家还不能下单：", Link: "商品链接", Short: "短链接，方便念和抄写", QRLabel: "%s 的二维码", Scan: "手机里的扫一扫或者相机都能扫", Posters: "海报", PosterPNG: "图片（PNG）", PosterPDF: "A4 打印（PDF）", PosterSVG: "矢量图（SVG）", Preview: "看买家的页面", Edit: "改商品", NewAnother: "再上架一件",
}

var itemEnglish = itemWords{
	New: "New item", Empty: "No items yet. Take a picture, name a price and share the link.", NewTitle: "New item", EditTitle: "Change the item", ShareTitle: "Share the item", MadeWithout: "The item is there, but one picture was not added:",
	Pictures: "Pictures", PicturesHint: "Up to 9; the first is the cover. Where they were taken is removed.", Upload: "Add pictures", First: "Make it the cover", IsFirst: "Cover", Remove: "Remove", PictureN: "Picture %d", RoomLeft: "%d more fit",
	Title: "Title", TitleHint: "At most 60 characters", Description: "Description", DescriptionHint: "Optional, at most 2,000 characters", Choices: "Price and stock", ChoicesHint: "With one choice only, leave its name empty.", ChoiceName: "Choice", Price: "Price (yuan)", Count: "Count stock", Stock: "Pieces", StockHint: "What is not counted never sells out",
	OneMore: "One more choice", TakeOff: "Take this choice off", Rest: "Limits, dates, delivery", PerBuyer: "Limit per buyer", PerBuyerHint: "Pieces for one phone number; leave empty for no limit", Sale: "On sale", From: "From", Until: "Until", SaleHint: "The shop's zone is %s; leave empty for at once and for good", Delivery: "Delivery", Delivers: "It is sent to the buyer, who gives an address", Fee: "Delivery fee per order (yuan), 0 is free", Regions: "Where to",
	Everywhere: "Everywhere", Nowhere: "None", Tick: "As ticked below", Save: "Save", Create: "Put on sale and share", SaveFirst: "Pictures and choices can be changed later.",
	StockTitle: "Add or take off stock", StockLine: "Stock is moved and never overwritten: orders come in while you count.", Left: "Left", Held: "Held for payment", Sold: "Sold", Pieces: "Pieces", Add: "Add", Less: "Take off", StockMoved: "This change was still under way and was not made again. These are the numbers of now; please look again.", StockNow: "The stock is changed: %d can be sold now.",
	RemoveTitle: "Take off sale", RemoveLine: "The link will say that the item is gone; orders go on.", RemoveAct: "Take the item off", RestoreTitle: "Off sale", RestoreLine: "Put it back and the same link takes orders again.", RestoreAct: "Put it back on sale",
	StateOn: "On sale", StateSoon: "Not yet", StateOver: "Ended", StateGone: "Off sale", StateOut: "Sold out", Uncounted: "Not counted", NLeft: "%d left",
	ShareLine: "Send the link into any chat. Whoever opens it can buy.", NotOnSale: "Buyers cannot order now:", Link: "Link", Short: "Short link, to say or write down", QRLabel: "QR code of %s", Scan: "The phone's camera or an app's scanner reads it", Posters: "Posters", PosterPNG: "Picture (PNG)", PosterPDF: "A4 for print (PDF)", PosterSVG: "Vector (SVG)", Preview: "See the buyer's page", Edit: "Change the item", NewAnother: "One more item",
}

func itemWordsOf(l ui.Lang) *itemWords {
	if l == ui.EN {
		return &itemEnglish
	}
	return &itemChinese
}

// Count is a sentence with a number, for templates.
func (w *itemWords) Number(form string, n int) string {
	return strings.Replace(form, "%d", strconv.Itoa(n), 1)
}

// Put is a sentence with a text, for templates.
func (w *itemWords) Put(form, text string) string { return strings.Replace(form, "%s", text, 1) }

// state is whether an item can be ordered.
func (w *itemWords) state(i postern.ShopItem, now time.Time) state {
	switch {
	case !i.RemovedAt.IsZero():
		return state{w.StateGone, "off"}
	case now.Before(i.SaleFrom):
		return state{w.StateSoon, "warn"}
	case !i.OnSale(now):
		return state{w.StateOver, "off"}
	case soldOut(i):
		return state{w.StateOut, "stop"}
	}
	return state{w.StateOn, ""}
}

// stock is how many pieces of an item are left.
func (w *itemWords) stock(i postern.ShopItem) string {
	var n int64
	for _, c := range i.Variants {
		if !c.RemovedAt.IsZero() {
			continue
		}
		if !c.Counted {
			return w.Uncounted
		}
		n += c.Stock
	}
	return strings.Replace(w.NLeft, "%d", strconv.FormatInt(n, 10), 1)
}

// The fields that the selling pages may refuse.
func init() {
	for field, l := range map[string]label{
		"title": {"商品名", "Title"}, "description": {"介绍", "Description"}, "delivery_fee": {"运费", "Delivery fee"}, "regions": {"送到哪里", "Where to"}, "per_buyer": {"每人限购", "Limit per buyer"},
		"sale_from": {"开始时间", "From"}, "sale_until": {"结束时间", "Until"}, "variants": {"规格", "Choices"}, "pieces": {"件数", "Pieces"}, "picture": {"图片", "Picture"}, "carrier": {"快递", "Carrier"},
		"tracking": {"快递单号", "Tracking number"}, "amount": {"退款金额", "Amount"}, "reason": {"原因", "Reason"}, "restock": {"退回库存的件数", "Pieces back in stock"}, "answer": {"回复", "Answer"},
		"from": {"日期", "Date"}, "variant": {"规格", "Choice"},
	} {
		labels[field] = l
	}
	acts["item.first_picture"] = label{"设为封面", "Made a picture the cover"}
	acts["surplus.accept"] = label{"收下多收的钱", "Kept extra money"}
	acts["surplus.return"] = label{"退回多收的钱", "Gave extra money back"}
	for i := range maxChoices {
		at := "variants[" + strconv.Itoa(i) + "]."
		n := strconv.Itoa(i + 1)
		labels[at+"name"] = label{"第 " + n + " 种规格的名称", "Name of choice " + n}
		labels[at+"price"] = label{"第 " + n + " 种规格的价格", "Price of choice " + n}
		labels[at+"stock"] = label{"第 " + n + " 种规格的库存", "Stock of choice " + n}
	}
}
