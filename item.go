package postern

import "time"

// Brand is how a merchant or a partner shows itself to buyers: a merchant's own, and beside it its partner's. Colour is #rrggbb, empty means the house's.
type Brand struct {
	OwnerID   string
	Version   int64
	Name      string
	Colour    string
	Phone     string
	Notice    string
	CreatedAt time.Time
	UpdatedAt time.Time
}

// ShopItem is what a shop sells under one address. Texts and prices may change; an order keeps those of its moment. (Item is a line of a payment.)
type ShopItem struct {
	MerchantID string
	ID         string
	Version    int64
	// Token is the random part of the address, Code what a person can type.
	Token       string
	Code        string
	Title       string
	Description string
	Currency    string
	// Delivers says that the buyer's address is wanted. Regions limits where to (codes of Regions), none means everywhere; DeliveryFee is in minor units, per order.
	Delivers    bool
	Regions     []string
	DeliveryFee int64
	// PerBuyer limits how many pieces one phone number may have on order or paid; 0 means any number.
	PerBuyer  int64
	SaleFrom  time.Time // zero: at once
	SaleUntil time.Time // zero: for ever
	RemovedAt time.Time
	CreatedAt time.Time
	UpdatedAt time.Time
	// Variants are in the seller's order, those taken off at the end. An item without choices has one with an empty name.
	Variants []Variant
	// Pictures are in the seller's order, without their bytes.
	Pictures []Picture
}

// OnSale says whether orders are taken, without looking at the stock.
func (i ShopItem) OnSale(now time.Time) bool {
	return i.RemovedAt.IsZero() && !now.Before(i.SaleFrom) && (i.SaleUntil.IsZero() || now.Before(i.SaleUntil))
}

// Variant finds a choice that can be ordered.
func (i ShopItem) Variant(id string) (Variant, bool) {
	for _, v := range i.Variants {
		if v.ID == id && v.RemovedAt.IsZero() {
			return v, true
		}
	}
	return Variant{}, false
}

// Variant is one choice of an item. Price is in minor units. Stock may still be ordered, Held waits for payments, Sold is paid; a variant that is not Counted has
// none of them and never sells out.
type Variant struct {
	MerchantID string
	ItemID     string
	ID         string
	Name       string
	Price      int64
	Counted    bool
	Stock      int64
	Held       int64
	Sold       int64
	Place      int64
	RemovedAt  time.Time
}

// Picture is one of an item's pictures: two JPEGs that we wrote ourselves. Width and Height are the large one's, in pixels.
type Picture struct {
	MerchantID string
	ItemID     string
	ID         string
	Place      int64
	Width      int64
	Height     int64
	Large      []byte
	Small      []byte
	CreatedAt  time.Time
}

// Region is a place that deliveries go to: a province of China by the first two digits of GB/T 2260.
type Region struct{ Code, ZH, EN string }

// Regions are all of them, in the standard's order.
var Regions = []Region{
	{"11", "北京", "Beijing"}, {"12", "天津", "Tianjin"}, {"13", "河北", "Hebei"}, {"14", "山西", "Shanxi"}, {"15", "内蒙古", "Inner Mongolia"}, {"21", "辽宁", "Liaoning"},
	{"22", "吉林", "Jilin"}, {"23", "黑龙江", "Heilongjiang"}, {"31", "上海", "Shanghai"}, {"32", "江苏", "Jiangsu"}, {"33", "浙江", "Zhejiang"}, {"34", "安徽", "Anhui"},
	{"35", "福建", "Fujian"}, {"36", "江西", "Jiangxi"}, {"37", "山东", "Shandong"}, {"41", "河南", "Henan"}, {"42", "湖北", "Hubei"}, {"43", "湖南", "Hunan"},
	{"44", "广东", "Guangdong"}, {"45", "广西", "Guangxi"}, {"46", "海南", "Hainan"}, {"50", "重庆", "Chongqing"}, {"51", "四川", "Sichuan"}, {"52", "贵州", "Guizhou"},
	{"53", "云南", "Yunnan"}, {"54", "西藏", "Tibet"}, {"61", "陕西", "Shaanxi"}, {"62", "甘肃", "Gansu"}, {"63", "青海", "Qinghai"}, {"64", "宁夏", "Ningxia"},
	{"65", "新疆", "Xinjiang"}, {"71", "台湾", "Taiwan"}, {"81", "香港", "Hong Kong"}, {"82", "澳门", "Macao"},
}

// RegionOf finds a region by its code.
func RegionOf(code string) (Region, bool) {
	for _, r := range Regions {
		if r.Code == code {
			return r, true
		}
	}
	return Region{}, false
}
