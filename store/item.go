package store

import (
	"context"

	"postern"
)

const itemColumns = "merchant_id, id, version, token, code, title, description, currency, delivers, regions, delivery_fee, per_buyer, sale_from, sale_until, removed_at, created_at, updated_at"

const selectItem = "SELECT " + itemColumns + " FROM item WHERE merchant_id = $1"

const variantColumns = "merchant_id, item_id, id, name, price, counted, stock, held, sold, place, removed_at"

const pictureColumns = "merchant_id, item_id, id, place, width, height, created_at"

func scanItem(r Row) (postern.ShopItem, error) {
	var i postern.ShopItem
	err := r.Scan(&i.MerchantID, &i.ID, &i.Version, &i.Token, &i.Code, &i.Title, &i.Description, &i.Currency, flag(&i.Delivers), asJSON(&i.Regions), &i.DeliveryFee, &i.PerBuyer,
		at(&i.SaleFrom), at(&i.SaleUntil), at(&i.RemovedAt), at(&i.CreatedAt), at(&i.UpdatedAt))
	return i, err
}

func scanVariant(r Row) (postern.Variant, error) {
	var v postern.Variant
	err := r.Scan(&v.MerchantID, &v.ItemID, &v.ID, &v.Name, &v.Price, flag(&v.Counted), &v.Stock, &v.Held, &v.Sold, &v.Place, at(&v.RemovedAt))
	return v, err
}

func scanPicture(r Row) (postern.Picture, error) {
	var p postern.Picture
	err := r.Scan(&p.MerchantID, &p.ItemID, &p.ID, &p.Place, &p.Width, &p.Height, at(&p.CreatedAt))
	return p, err
}

// saveItem inserts an item with its address and code, or changes it by its version. Variants that are new are inserted with their stock; of the others the counters
// stay, because only StockMoves may move pieces.
func saveItem(ctx context.Context, tx Tx, i postern.ShopItem) error {
	regions, err := text(i.Regions)
	if err != nil {
		return err
	}
	if i.Version == 0 {
		_, err = tx.Exec(ctx, insertInto("item", itemColumns), i.MerchantID, i.ID, 1, i.Token, i.Code, i.Title, i.Description, i.Currency, bit(i.Delivers), regions, i.DeliveryFee,
			i.PerBuyer, micros(i.SaleFrom), micros(i.SaleUntil), micros(i.RemovedAt), micros(i.CreatedAt), micros(i.UpdatedAt))
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, "INSERT INTO item_address (token, merchant_id, item_id) VALUES ($1, $2, $3)", i.Token, i.MerchantID, i.ID); err != nil {
			return err
		}
		code := postern.ShortCode{Code: i.Code, MerchantID: i.MerchantID, Kind: postern.CodeOfItem, ObjectID: i.ID, Token: i.Token, CreatedAt: i.CreatedAt}
		if err := insertCode(ctx, tx, code); err != nil {
			return err
		}
	} else if err := mustChange(ctx, tx, stale("item", i.ID), `UPDATE item SET version = version + 1, title = $4, description = $5, delivers = $6, regions = $7, delivery_fee = $8,
		per_buyer = $9, sale_from = $10, sale_until = $11, removed_at = $12, updated_at = $13 WHERE merchant_id = $1 AND id = $2 AND version = $3`, i.MerchantID, i.ID, i.Version,
		i.Title, i.Description, bit(i.Delivers), regions, i.DeliveryFee, i.PerBuyer, micros(i.SaleFrom), micros(i.SaleUntil), micros(i.RemovedAt), micros(i.UpdatedAt)); err != nil {
		return err
	}
	return each(ctx, tx, i.Variants, func(ctx context.Context, tx Tx, v postern.Variant) error {
		_, err := tx.Exec(ctx, insertInto("variant", variantColumns)+` ON CONFLICT (merchant_id, item_id, id) DO UPDATE SET name = excluded.name, price = excluded.price,
			counted = excluded.counted, place = excluded.place, removed_at = excluded.removed_at`, i.MerchantID, i.ID, v.ID, v.Name, v.Price, bit(v.Counted), v.Stock, 0, 0, v.Place, micros(v.RemovedAt))
		return err
	})
}

// moveStock moves pieces of a counted variant. Nothing is read before: the condition is in the statement.
func moveStock(ctx context.Context, tx Tx, merchantID string, m postern.StockMove) error {
	n, err := tx.Exec(ctx, `UPDATE variant SET stock = stock + $4, held = held + $5, sold = sold + $6 WHERE merchant_id = $1 AND item_id = $2 AND id = $3
		AND stock + $4 >= 0 AND held + $5 >= 0 AND sold + $6 >= 0`, merchantID, m.ItemID, m.VariantID, m.Stock, m.Held, m.Sold)
	if err != nil || n == 1 {
		return err
	}
	if m.Stock >= 0 {
		return stale("variant", m.VariantID)
	}
	return &postern.Error{Code: postern.CodeSoldOut, Op: "store.Commit", Message: "there are not so many pieces left", ID: m.VariantID}
}

// moveBuyer counts what a buyer has of an item.
func moveBuyer(ctx context.Context, tx Tx, merchantID string, m postern.BuyerMove) error {
	limited := &postern.Error{Code: postern.CodeLimitReached, Op: "store.Commit", Message: "one buyer may not order so many of this item", ID: m.ItemID}
	if m.Limit > 0 && m.Quantity > m.Limit {
		return limited
	}
	if m.Quantity < 0 { // what comes back never stands in the way of the money: a count that is not there stays away
		_, err := tx.Exec(ctx, "UPDATE item_buyer SET quantity = CASE WHEN quantity + $4 > 0 THEN quantity + $4 ELSE 0 END WHERE merchant_id = $1 AND item_id = $2 AND buyer = $3",
			merchantID, m.ItemID, m.Buyer, m.Quantity)
		return err
	}
	return mustChange(ctx, tx, limited, `INSERT INTO item_buyer (merchant_id, item_id, buyer, quantity) VALUES ($1, $2, $3, $4) ON CONFLICT (merchant_id, item_id, buyer)
		DO UPDATE SET quantity = item_buyer.quantity + excluded.quantity WHERE $5 = 0 OR item_buyer.quantity + excluded.quantity <= $5`, merchantID, m.ItemID, m.Buyer, m.Quantity, m.Limit)
}

func insertPicture(ctx context.Context, tx Tx, p postern.Picture) error {
	_, err := tx.Exec(ctx, insertInto("picture", pictureColumns+", large, small"), p.MerchantID, p.ItemID, p.ID, p.Place, p.Width, p.Height, micros(p.CreatedAt), p.Large, p.Small)
	return err
}

// placePicture gives a picture another place among its item's.
func placePicture(ctx context.Context, tx Tx, p postern.Picture) error {
	_, err := tx.Exec(ctx, "UPDATE picture SET place = $4 WHERE merchant_id = $1 AND item_id = $2 AND id = $3", p.MerchantID, p.ItemID, p.ID, p.Place)
	return err
}

// Item returns one item with its variants and its pictures (without bytes), or postern.CodeNotFound.
func (s *Store) Item(ctx context.Context, merchantID, id string) (item postern.ShopItem, err error) {
	err = s.Read(ctx, func(tx Tx) error {
		item, err = one(ctx, tx, "Item", "item", scanItem, selectItem+" AND id = $2", merchantID, id)
		if err != nil {
			return err
		}
		return itemParts(ctx, tx, &item)
	})
	return item, err
}

func itemParts(ctx context.Context, tx Tx, i *postern.ShopItem) (err error) {
	i.Variants, err = many(ctx, tx, "Item", scanVariant, "SELECT "+variantColumns+" FROM variant WHERE merchant_id = $1 AND item_id = $2 ORDER BY CASE WHEN removed_at = 0 THEN 0 ELSE 1 END, place, id", i.MerchantID, i.ID)
	if err != nil {
		return err
	}
	i.Pictures, err = many(ctx, tx, "Item", scanPicture, "SELECT "+pictureColumns+" FROM picture WHERE merchant_id = $1 AND item_id = $2 ORDER BY place, id", i.MerchantID, i.ID)
	return err
}

// ItemByToken returns the item of an address, or postern.CodeNotFound.
func (s *Store) ItemByToken(ctx context.Context, token string) (postern.ShopItem, error) {
	owner, id, err := s.addressed(ctx, "item", token)
	if err != nil {
		return postern.ShopItem{}, err
	}
	return s.Item(ctx, owner, id)
}

// addressed leads from an address's token to whose object it is.
func (s *Store) addressed(ctx context.Context, noun, token string) (merchantID, id string, err error) {
	type target struct{ merchant, id string }
	scan := func(r Row) (t target, err error) {
		err = r.Scan(&t.merchant, &t.id)
		return t, err
	}
	found, err := one(ctx, s.reader(), "ByToken", noun, scan, "SELECT merchant_id, "+noun+"_id FROM "+noun+"_address WHERE token = $1", token)
	return found.merchant, found.id, err
}

// Items lists newest first, those taken off too; next is the id to go on after, "" at the end.
func (s *Store) Items(ctx context.Context, merchantID string, page Page) (list []postern.ShopItem, next string, err error) {
	err = s.Read(ctx, func(tx Tx) error {
		list, next, err = paged(ctx, tx, "Items", page, func(i postern.ShopItem) string { return i.ID }, scanItem, selectItem, merchantID)
		for i := range list {
			if err == nil {
				err = itemParts(ctx, tx, &list[i])
			}
		}
		return err
	})
	return list, next, err
}

// Picture returns one picture with its bytes, or postern.CodeNotFound.
func (s *Store) Picture(ctx context.Context, merchantID, itemID, id string) (postern.Picture, error) {
	scan := func(r Row) (p postern.Picture, err error) {
		err = r.Scan(&p.MerchantID, &p.ItemID, &p.ID, &p.Place, &p.Width, &p.Height, at(&p.CreatedAt), &p.Large, &p.Small)
		return p, err
	}
	return one(ctx, s.reader(), "Picture", "picture", scan, "SELECT "+pictureColumns+", large, small FROM picture WHERE merchant_id = $1 AND item_id = $2 AND id = $3", merchantID, itemID, id)
}

// BrandOf returns how a merchant or a partner shows itself; one that was never set has Version 0 and no name.
func (s *Store) BrandOf(ctx context.Context, ownerID string) (postern.Brand, error) {
	scan := func(r Row) (b postern.Brand, err error) {
		err = r.Scan(&b.OwnerID, &b.Version, &b.Name, &b.Colour, &b.Phone, &b.Notice, at(&b.CreatedAt), at(&b.UpdatedAt))
		return b, err
	}
	b, err := one(ctx, s.reader(), "BrandOf", "brand", scan, "SELECT "+brandColumns+" FROM brand WHERE owner_id = $1", ownerID)
	if err != nil && postern.CodeOf(err) == postern.CodeNotFound {
		return postern.Brand{OwnerID: ownerID}, nil
	}
	return b, err
}

const brandColumns = "owner_id, version, name, colour, phone, notice, created_at, updated_at"

func saveBrand(ctx context.Context, tx Tx, b postern.Brand) error {
	if b.Version == 0 {
		_, err := tx.Exec(ctx, insertInto("brand", brandColumns), b.OwnerID, 1, b.Name, b.Colour, b.Phone, b.Notice, micros(b.CreatedAt), micros(b.UpdatedAt))
		return err
	}
	return mustChange(ctx, tx, stale("brand", b.OwnerID), "UPDATE brand SET version = version + 1, name = $3, colour = $4, phone = $5, notice = $6, updated_at = $7 WHERE owner_id = $1 AND version = $2",
		b.OwnerID, b.Version, b.Name, b.Colour, b.Phone, b.Notice, micros(b.UpdatedAt))
}
