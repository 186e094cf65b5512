package main

import (
	"context"
	"embed"
	"fmt"

	"postern"
	"postern/engine"
	"postern/picture"
)

// The pictures are drawn by internal/sketch.
//
//go:embed pictures/*.jpg
var shopPictures embed.FS

// Who runs the demo's shop. The password is in the documents: the demo holds nothing that is worth one.
const (
	demoLogin    = "laowang"
	demoPassword = "sesame-and-salt"
)

// ware is one item of the demo's shop.
type ware struct {
	picture string
	in      engine.ItemInput
}

var wares = []ware{
	{"jar", engine.ItemInput{
		Title: "石磨芝麻酱", Description: "白芝麻小火慢炒，石磨磨两遍，不加油不加糖。\n开封后冷藏，三个月内吃完。", Delivers: true, DeliveryFee: 600,
		Variants: []engine.VariantInput{{Name: "300 克", Price: 2800, Counted: true, Stock: 60}, {Name: "500 克", Price: 4200, Counted: true, Stock: 3}},
	}},
	{"plate", engine.ItemInput{
		Title: "现烤烧饼 · 六枚", Description: "每天上午十点、下午四点出炉。到店自取，拿着订单号报手机尾号就行。", PerBuyer: 10,
		Variants: []engine.VariantInput{{Price: 1800, Counted: true, Stock: 40}},
	}},
	{"box", engine.ItemInput{
		Title: "烧饼礼盒 · 十二枚", Description: "当天现烤，密封礼盒，顺丰包邮。\n常温放三天，回烤三分钟和刚出炉一样。", Delivers: true, PerBuyer: 20,
		Variants: []engine.VariantInput{{Name: "原味", Price: 6800, Counted: true, Stock: 120}, {Name: "椒盐", Price: 6800, Counted: true, Stock: 80}, {Name: "一半一半", Price: 7200, Counted: true, Stock: 30}},
	}},
}

// openShop gives the sample merchant a shop: how it shows itself, what it sells, and its owner, who can sign in.
func (d *demo) openShop(ctx context.Context) error {
	owner := engine.Actor{StaffOwnerID: postern.Platform, Who: "demo"}
	if _, err := d.engine.SetBrand(ctx, owner, postern.Brand{OwnerID: d.merchant.ID, Name: d.merchant.Name, Colour: "#9c2a22", Notice: "周一到周六出炉，周日休息。当天 15 点前的订单当天发。"}); err != nil {
		return err
	}
	for _, w := range wares {
		item, err := d.engine.CreateItem(ctx, owner, d.merchant.ID, w.in)
		if err != nil {
			return err
		}
		raw, err := shopPictures.ReadFile("pictures/" + w.picture + ".jpg")
		if err != nil {
			return err
		}
		made, err := picture.Make(raw)
		if err != nil {
			return fmt.Errorf("the picture of %s: %w", w.in.Title, err)
		}
		p := postern.Picture{Large: made.Large, Small: made.Small, Width: int64(made.Width), Height: int64(made.Height)}
		if _, err := d.engine.AddPicture(ctx, owner, d.merchant.ID, item.ID, p); err != nil {
			return err
		}
		d.goods = item // the last one is the link that the demo shows
	}
	_, invitation, err := d.engine.AddStaff(ctx, owner, d.merchant.ID, engine.StaffInput{Login: demoLogin, Name: "王掌柜", Role: postern.RoleOwner})
	if err != nil {
		return err
	}
	_, err = d.engine.AcceptInvitation(ctx, invitation, demoPassword)
	return err
}
