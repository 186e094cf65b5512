package console

import (
	"bytes"
	"context"
	"image"
	"image/color"
	"image/jpeg"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"
	"time"

	"postern"
	"postern/engine"
)

func init() {
	families["sell"], families["item"], families["money"] = [2]any{sellChinese, sellEnglish}, [2]any{itemChinese, itemEnglish}, [2]any{moneyChinese, moneyEnglish}
	foreignIDs["item"] = func(b *bench) string { return b.foreignItem().ID }
	foreignIDs["order"] = func(b *bench) string { return b.places(b.foreignItem(), nil).ID }
	foreignIDs["picture"] = func(b *bench) string { return b.foreignItem().Pictures[0].ID }
	foreignIDs["surplus"] = func(b *bench) string { return postern.NewID(postern.PrefixSurplus, b.Clock.Now(), b.Rand) }
}

// hostile is what a page must not take for its own: markup, a way out of an attribute, and a mark that turns the line around.
const hostile = `"><script>alert(1)</script>'` + "\u202e"

// photograph is a picture as a telephone makes it.
func photograph(shade uint8) []byte {
	m := image.NewRGBA(image.Rect(0, 0, 320, 240))
	for y := range 240 {
		for x := range 320 {
			m.Set(x, y, color.RGBA{shade, uint8(x / 2), uint8(y), 255})
		}
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, m, nil); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// sells puts an item of one choice on sale; edit may change what is said of it.
func (b *bench) sells(merchantID string, edit func(*engine.ItemInput)) postern.ShopItem {
	b.Helper()
	in := engine.ItemInput{Title: "老面烧饼", Delivers: true, DeliveryFee: 800, Variants: []engine.VariantInput{{Price: 6800, Counted: true, Stock: 20}}}
	if edit != nil {
		edit(&in)
	}
	item, err := b.Engine.CreateItem(context.Background(), engine.Actor{}, merchantID, in)
	if err != nil {
		b.Fatal(err)
	}
	return item
}

// foreignItem belongs to another merchant, with a picture.
func (b *bench) foreignItem() postern.ShopItem {
	b.Helper()
	item := b.sells(b.shop("", "别家店").ID, nil)
	p, err := b.Engine.AddPicture(context.Background(), engine.Actor{}, item.MerchantID, item.ID, postern.Picture{Width: 1, Height: 1, Large: []byte("l"), Small: []byte("s")})
	if err != nil {
		b.Fatal(err)
	}
	item.Pictures = []postern.Picture{p}
	return item
}

// places orders one piece; edit may change what the buyer sends.
func (b *bench) places(item postern.ShopItem, edit func(*engine.OrderInput)) postern.Order {
	b.Helper()
	v := item.Variants[0]
	in := engine.OrderInput{
		Visit: postern.NewToken(b.Rand), VariantID: v.ID, Quantity: 1, UnitPrice: v.Price, DeliveryFee: item.DeliveryFee, Name: "王小明", Phone: "13800138000",
	}
	if item.Delivers {
		in.Region, in.Address = "31", "南京东路 1 号 2 楼"
	}
	if edit != nil {
		edit(&in)
	}
	o, err := b.Engine.PlaceOrder(context.Background(), item.MerchantID, item.ID, in)
	if err != nil {
		b.Fatal(err)
	}
	return o
}

// pays pays an order with a wallet's code, and waits until it is settled.
func (b *bench) pays(o postern.Order, providerCode string) postern.Order {
	b.Helper()
	ctx := context.Background()
	p, err := b.Store.Payment(ctx, o.MerchantID, o.PaymentID)
	if err != nil {
		b.Fatal(err)
	}
	a, err := b.Begin(ctx, p, providerCode, "native")
	if err != nil {
		b.Fatal(err)
	}
	if err := b.Approve(ctx, a, ""); err != nil {
		b.Fatal(err)
	}
	b.waits(time.Minute)
	o = b.order(o)
	if o.State != postern.OrderPaid {
		b.Fatalf("the order is %s", o.State)
	}
	return o
}

// paysTwice pays an order over two wallets, whose money the merchant wants to decide about itself.
func (b *bench) paysTwice(o postern.Order) {
	b.Helper()
	ctx := context.Background()
	m, err := b.Store.Merchant(ctx, o.MerchantID)
	if err != nil {
		b.Fatal(err)
	}
	m.Surplus.HoldDuplicate = true
	if err := b.Store.SaveMerchant(ctx, m); err != nil {
		b.Fatal(err)
	}
	p, err := b.Store.Payment(ctx, o.MerchantID, o.PaymentID)
	if err != nil {
		b.Fatal(err)
	}
	for _, code := range []string{"alipay", "wechatpay"} {
		a, err := b.Begin(ctx, p, code, "native")
		if err != nil {
			b.Fatal(err)
		}
		defer func() {
			if err := b.Approve(ctx, a, ""); err != nil {
				b.Fatal(err)
			}
			b.waits(time.Minute)
		}()
	}
}

func (b *bench) waits(span time.Duration) {
	b.Helper()
	if err := b.World.Run(context.Background(), span); err != nil {
		b.Fatal(err)
	}
}

func (b *bench) order(o postern.Order) postern.Order {
	b.Helper()
	o, err := b.Store.Order(context.Background(), o.MerchantID, o.ID)
	if err != nil {
		b.Fatal(err)
	}
	return o
}

func (b *bench) item(i postern.ShopItem) postern.ShopItem {
	b.Helper()
	i, err := b.Store.Item(context.Background(), i.MerchantID, i.ID)
	if err != nil {
		b.Fatal(err)
	}
	return i
}

// handsIn sends a form with files.
func (p *person) handsIn(path string, fields [][2]string, field string, list ...[]byte) answer {
	p.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for _, f := range fields {
		if err := w.WriteField(f[0], f[1]); err != nil {
			p.Fatal(err)
		}
	}
	for _, raw := range list {
		part, err := w.CreateFormFile(field, "x.jpg")
		if err != nil {
			p.Fatal(err)
		}
		if _, err := part.Write(raw); err != nil {
			p.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		p.Fatal(err)
	}
	return p.send(http.MethodPost, path, w.FormDataContentType(), &b)
}

// at is an address of the first shop's pages.
func (b *bench) at(rest string) string { return "/console/m/" + b.Merchant.ID + rest }

func (a answer) wants(t testing.TB, status int, texts ...string) {
	t.Helper()
	if a.status != status {
		t.Fatalf("got %d, want %d: %s", a.status, status, a.body)
	}
	for _, text := range texts {
		if !strings.Contains(a.body, text) {
			t.Errorf("the page does not say %q", text)
		}
	}
}

func (a answer) lacks(t testing.TB, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if strings.Contains(a.body, text) {
			t.Errorf("the page says %q", text)
		}
	}
}
