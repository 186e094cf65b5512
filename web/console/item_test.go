package console

import (
	"bytes"
	"context"
	"image"
	"image/jpeg"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"postern"
	"postern/picture"
	"postern/store"
)

func (b *bench) items(merchantID string) []postern.ShopItem {
	b.Helper()
	list, _, err := b.Store.Items(context.Background(), merchantID, store.Page{Limit: 100})
	if err != nil {
		b.Fatal(err)
	}
	return list
}

// itemFields are what a browser sends of a new item, in the order of the page.
func itemFields(token string, more ...[2]string) [][2]string {
	return append([][2]string{
		{"form", token}, {"title", "老面烧饼"}, {"description", "当天现烤"}, {"variant", ""}, {"name", ""}, {"price", "￥６８．００"}, {"stock", "20"}, {"counted", "0"}, {"delivers", "1"}, {"where", "all"}, {"delivery_fee", "8"},
	}, more...)
}

// TestFromPhotographToLink is the seller's first minute: one form with two photographs, sent twice, is one item with two pictures and a page to share it from.
func TestFromPhotographToLink(t *testing.T) {
	b := openBench(t)
	seller := b.as(b.Merchant.ID, postern.RoleStaff)
	seller.get(b.at("")).wants(t, http.StatusOK, "上架第一件商品")
	fields := itemFields(tokenOf(t, seller.get(b.at("/items/new"))))
	var share string
	for range 2 {
		a := seller.handsIn(b.at("/items/new"), fields, "picture", photograph(10), photograph(200))
		if a.status != http.StatusSeeOther {
			t.Fatalf("the form: %d %s", a.status, a.body)
		}
		share = a.header.Get("Location")
	}
	list := b.items(b.Merchant.ID)
	if len(list) != 1 || len(list[0].Pictures) != 2 {
		t.Fatalf("%d items, %+v", len(list), list)
	}
	item := list[0]
	if v := item.Variants[0]; item.Title != "老面烧饼" || v.Price != 6800 || !v.Counted || v.Stock != 20 || item.DeliveryFee != 800 || !item.Delivers || len(item.Regions) != 0 {
		t.Errorf("the item is %+v", item)
	}
	seller.get(share).wants(t, http.StatusOK, b.Engine.ItemURL(item.Token), strings.ToUpper(item.Code), "poster.pdf", "<svg class=\"qr\"", "已保存")
	seller.get(b.at("/items")).wants(t, http.StatusOK, "剩 20 件", "在卖", item.Pictures[0].ID)
	shown := seller.get(pictureURL(&visit{Merchant: b.Merchant}, item.ID, item.Pictures[0].ID))
	if m, err := jpeg.Decode(strings.NewReader(shown.body)); err != nil || m.Bounds().Dx() != 320 || shown.header.Get("Content-Type") != "image/jpeg" || !strings.Contains(shown.header.Get("Content-Security-Policy"), "default-src 'none'") {
		t.Errorf("the picture: %v %v", err, shown.header)
	}
}

// TestPicturesAreMoved: the second becomes the cover, the first goes; what is another item's is not found.
func TestPicturesAreMoved(t *testing.T) {
	b := openBench(t)
	seller := b.as(b.Merchant.ID, postern.RoleOwner)
	item, other := b.sells(b.Merchant.ID, nil), b.sells(b.Merchant.ID, nil)
	at := b.at("/items/" + item.ID)
	if a := seller.handsIn(at+"/pictures", nil, "picture", photograph(1), photograph(100), photograph(100)); a.status != http.StatusSeeOther {
		t.Fatalf("uploading: %d %s", a.status, a.body)
	}
	pictures := b.item(item).Pictures
	if len(pictures) != 2 {
		t.Fatalf("%d pictures, want 2: one came twice", len(pictures))
	}
	first, second := pictures[0].ID, pictures[1].ID
	seller.post(at+"/pictures/"+second, url.Values{"do": {"first"}})
	if now := b.item(item).Pictures; now[0].ID != second {
		t.Errorf("the order is %+v", now)
	}
	seller.post(at+"/pictures/"+first, url.Values{"do": {"remove"}})
	if now := b.item(item).Pictures; len(now) != 1 || now[0].ID != second {
		t.Errorf("left are %+v", now)
	}
	for _, path := range []string{b.at("/items/" + other.ID + "/pictures/" + second), at + "/pictures/" + first} {
		for _, do := range []string{"first", "remove", "burn"} {
			if a := seller.post(path, url.Values{"do": {do}}); a.status != http.StatusNotFound {
				t.Errorf("%s %s: %d, want 404", do, path, a.status)
			}
		}
		if a := seller.get(path); a.status != http.StatusNotFound {
			t.Errorf("%s: %d, want 404", path, a.status)
		}
	}
}

// TestWhatIsNoPicture is refused in words that the seller understands, and leaves what was there.
func TestWhatIsNoPicture(t *testing.T) {
	b := openBench(t)
	seller := b.as(b.Merchant.ID, postern.RoleOwner)
	item := b.sells(b.Merchant.ID, nil)
	at := b.at("/items/" + item.ID)
	for says, raw := range map[string][]byte{
		"不是图片": []byte("<html><script>alert(1)</script>"), "HEIC": []byte("\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic"), "图片不完整": photograph(3)[:400], "16 MB": make([]byte, picture.MaxBytes+1),
	} {
		a := seller.handsIn(at+"/pictures", nil, "picture", raw)
		a.wants(t, http.StatusUnprocessableEntity, says)
		a.lacks(t, "alert(1)")
	}
	seller.handsIn(at+"/pictures", nil, "picture").wants(t, http.StatusUnprocessableEntity, "图片")
	if n := len(b.item(item).Pictures); n != 0 {
		t.Errorf("%d pictures", n)
	}
	made := seller.handsIn(b.at("/items/new"), itemFields(postern.NewToken(b.Rand)), "picture", []byte("no picture"))
	made.wants(t, http.StatusUnprocessableEntity, "商品已经上架", "不是图片")
	if n := len(b.items(b.Merchant.ID)); n != 2 {
		t.Errorf("%d items", n)
	}
}

// TestWhatIsTypedWrong comes back with the page and the sentence, and nothing was made.
func TestWhatIsTypedWrong(t *testing.T) {
	b := openBench(t)
	seller := b.as(b.Merchant.ID, postern.RoleOwner)
	for name, c := range map[string]struct {
		field, value, says string
	}{
		"no title": {"title", " ", "商品名"}, "a long title": {"title", strings.Repeat("字", 61), "商品名"}, "no price": {"price", "", "价格"}, "a thousandth": {"price", "68.001", "价格"}, "a price of nothing": {"price", "0", "价格"},
		"a price beyond all": {"price", "99999999999999", "价格"}, "a formula": {"price", "=1+1", "价格"}, "absurd stock": {"stock", "999999999999999999999", "库存"}, "stock below nothing": {"stock", "-1", "库存"},
		"absurd limit": {"per_buyer", "10000", "每人限购"}, "no date": {"sale_from", "yesterday", "开始时间"}, "an end before the beginning": {"sale_until", "2020-01-01T00:00", "结束时间"}, "no region": {"where", "none", "送到哪里"},
		"a region that is none": {"where", "99", "送到哪里"}, "absurd fee": {"delivery_fee", "1e9", "运费"},
	} {
		q := url.Values{"regions": {"99"}, "sale_from": {"2026-11-22T09:00"}}
		for _, f := range itemFields(postern.NewToken(b.Rand)) {
			q.Set(f[0], f[1])
		}
		q.Set(c.field, c.value)
		a := seller.post(b.at("/items/new"), q)
		a.wants(t, http.StatusUnprocessableEntity, "“", c.says, "当天现烤")
		if t.Failed() {
			t.Fatalf("%s: %s", name, a.body)
		}
	}
	if n := len(b.items(b.Merchant.ID)); n != 0 {
		t.Errorf("%d items were made", n)
	}
}

// TestChoicesWithoutScripts: a press adds a line and keeps what was typed; what is left out of the form is taken off; two people do not overwrite each other.
func TestChoicesWithoutScripts(t *testing.T) {
	b := openBench(t)
	seller := b.as(b.Merchant.ID, postern.RoleOwner)
	q := url.Values{"form": {postern.NewToken(b.Rand)}, "title": {"茶"}, "variant": {""}, "name": {"大"}, "price": {"99"}, "stock": {"3"}, "counted": {"0"}, "do": {"more"}}
	page := seller.post(b.at("/items/new"), q)
	page.wants(t, http.StatusOK, `value="大"`, `value="99"`, `id="price1"`)
	q.Del("do")
	q["variant"], q["name"], q["price"], q["stock"], q["counted"] = []string{"", ""}, []string{"大", "小"}, []string{"99", "50.5"}, []string{"3", ""}, []string{"0"}
	if a := seller.post(b.at("/items/new"), q); a.status != http.StatusSeeOther {
		t.Fatalf("making: %d %s", a.status, a.body)
	}
	item := b.items(b.Merchant.ID)[0]
	if v := item.Variants; len(v) != 2 || v[0].Price != 9900 || !v[0].Counted || v[0].Stock != 3 || v[1].Price != 5050 || v[1].Counted || item.Delivers {
		t.Fatalf("the choices are %+v", v)
	}
	at := b.at("/items/" + item.ID)
	change := url.Values{
		"version": {strconv.FormatInt(item.Version, 10)}, "title": {"好茶"}, "variant": {item.Variants[0].ID, item.Variants[1].ID}, "name": {"大", "小"}, "price": {"100", "50.5"}, "stock": {"", ""}, "counted": {"0"}, "off": {"1"},
	}
	if a := seller.post(at, change); a.status != http.StatusSeeOther {
		t.Fatalf("changing: %d %s", a.status, a.body)
	}
	now := b.item(item)
	if v := now.Variants; v[0].Price != 10000 || v[0].Stock != 3 || !v[0].RemovedAt.IsZero() || v[1].RemovedAt.IsZero() || now.Title != "好茶" {
		t.Errorf("the choices are %+v", v)
	}
	seller.post(at, change).wants(t, http.StatusConflict, "刚才有人改过") // the version that was seen has gone by
	seller.post(at+"/removed", url.Values{"do": {"remove"}})
	seller.post(at+"/removed", url.Values{"do": {"remove"}})
	seller.get(at).wants(t, http.StatusOK, "已下架", "重新上架")
	seller.post(at+"/removed", url.Values{"do": {"restore"}})
	if !b.item(item).RemovedAt.IsZero() {
		t.Error("the item did not come back")
	}
	if foreign := seller.post(b.at("/items/"+b.foreignItem().ID), change); foreign.status != http.StatusNotFound {
		t.Errorf("another merchant's item: %d", foreign.status)
	}
}

// TestStockIsMovedOnce: a change counts from whatever is there, so that orders never stand in its way; the form carries a token, so that it moves its pieces once.
func TestStockIsMovedOnce(t *testing.T) {
	b := openBench(t)
	seller := b.as(b.Merchant.ID, postern.RoleStaff)
	item := b.sells(b.Merchant.ID, nil)
	at, id, form := b.at("/items/"+item.ID+"/stock"), item.Variants[0].ID, postern.NewToken(b.Rand)
	b.places(item, nil) // it came while the seller looked at 20
	more := url.Values{"variant": {id}, "form": {form}, "pieces": {"３０"}, "do": {"more"}}
	for range 2 {
		a := seller.post(at, more)
		if a.status != http.StatusSeeOther {
			t.Fatalf("adding: %d %s", a.status, a.body)
		}
		seller.get(strings.TrimSuffix(a.header.Get("Location"), "#stock")).wants(t, http.StatusOK, "现在可卖 49 件")
	}
	less := func(pieces string) url.Values {
		return url.Values{"variant": {id}, "form": {postern.NewToken(b.Rand)}, "pieces": {pieces}, "do": {"less"}}
	}
	seller.post(at, less("50")).wants(t, http.StatusConflict, "没有这么多件")
	if a := seller.post(at, less("9")); a.status != http.StatusSeeOther {
		t.Fatalf("taking off: %d %s", a.status, a.body)
	}
	seller.post(at, url.Values{"variant": {id}, "pieces": {"1"}, "do": {"more"}}).wants(t, http.StatusUnprocessableEntity)
	for _, pieces := range []string{"0", "", "ten", "1e3", "99999999999", "=2", "--2"} {
		seller.post(at, less(pieces)).wants(t, http.StatusUnprocessableEntity, "件数")
	}
	if v := b.item(item).Variants[0]; v.Stock != 40 || v.Held != 1 {
		t.Errorf("the stock is %+v", v)
	}
}

// TestDatesAreTheShops: what is typed is the shop's time, and comes back so.
func TestDatesAreTheShops(t *testing.T) {
	tokyo := time.FixedZone("", 9*3600)
	at, ok := localTime("2026-11-22T20:30", tokyo)
	if !ok || !at.Equal(time.Date(2026, 11, 22, 11, 30, 0, 0, time.UTC)) || localText(at, tokyo) != "2026-11-22T20:30" {
		t.Errorf("%v %v", at, ok)
	}
	for _, typed := range []string{"2026-11-22", "22.11.2026 20:30", "2026-13-01T00:00", "0001-01-01T00:00", "9999-01-01T00:00"} {
		if _, ok := localTime(typed, tokyo); ok {
			t.Errorf("%s was taken", typed)
		}
	}
}

func TestMoneyAsPeopleTypeIt(t *testing.T) {
	for typed, want := range map[string]int64{
		"68": 6800, "68.00": 6800, "68.5": 6850, "６８．００": 6800, "¥68": 6800, "￥68": 6800, "68元": 6800, " 68 ": 6800, "1,234.50": 123450, "1，234": 123400, "0": 0, "0.01": 1, "007": 700, "10000000000": postern.MaxAmount,
	} {
		if got, ok := parseMoney(typed, "CNY"); !ok || got != want {
			t.Errorf("%q is %d %v, want %d", typed, got, ok, want)
		}
	}
	for _, typed := range []string{"", " ", "68.001", "-1", "+1", "1e3", ".5", "5.", "1.2.3", "12,34", ",123", "1,2345", "68块", "０x10", "10000000000.01", "99999999999999", "=68", "NaN", "٣"} {
		if got, ok := parseMoney(typed, "CNY"); ok {
			t.Errorf("%q was taken for %d", typed, got)
		}
	}
	if got, ok := parseMoney("68", "JPY"); !ok || got != 68 {
		t.Errorf("yen: %d %v", got, ok)
	}
	if _, ok := parseMoney("6.8", "JPY"); ok {
		t.Error("a tenth of a yen was taken")
	}
}

func FuzzMoney(f *testing.F) {
	for _, typed := range []string{"68", "６８．００", "¥1,234.50", "68.001", "元", "-1", "٣"} {
		f.Add(typed)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		n, ok := parseMoney(typed, "CNY")
		if !ok {
			return
		}
		if n < 0 || n > postern.MaxAmount {
			t.Fatalf("%q is %d", typed, n)
		}
		if again, fine := parseMoney(postern.FormatDecimal(n, "CNY"), "CNY"); !fine || again != n {
			t.Fatalf("%q is %d, and written anew %d", typed, n, again)
		}
	})
}

// TestPlacesHaveNoSecrets: a photograph's place does not reach the store.
func TestPlacesHaveNoSecrets(t *testing.T) {
	b := openBench(t)
	seller := b.as(b.Merchant.ID, postern.RoleOwner)
	item := b.sells(b.Merchant.ID, nil)
	raw := photograph(9)
	tiff := append([]byte("Exif\x00\x00II*\x00\x08\x00\x00\x00\x00\x00"), "GPS N31.2304 E121.4737"...)
	raw = append(append(append([]byte{}, raw[:2]...), 0xff, 0xe1, 0, byte(len(tiff)+2)), append(tiff, raw[2:]...)...)
	if _, _, err := image.Decode(bytes.NewReader(raw)); err != nil {
		t.Fatal(err)
	}
	if a := seller.handsIn(b.at("/items/"+item.ID+"/pictures"), nil, "picture", raw); a.status != http.StatusSeeOther {
		t.Fatalf("%d %s", a.status, a.body)
	}
	p, err := b.Store.Picture(context.Background(), item.MerchantID, item.ID, b.item(item).Pictures[0].ID)
	if err != nil || bytes.Contains(p.Large, []byte("GPS")) || bytes.Contains(p.Small, []byte("GPS")) {
		t.Errorf("the place survived: %v", err)
	}
}
