package engine

import (
	"context"

	"postern"
	"postern/roster"
	"postern/store"
)

// shopOwner is whom a list invites to a shop, and how the shop shows itself at first.
type shopOwner struct {
	merchant postern.Merchant
	person   StaffInput
	brand    postern.Brand
}

// loginsOf finds whose the logins of a list are already.
func (e *Engine) loginsOf(ctx context.Context, rows []roster.Row) (map[string]string, error) {
	var logins []string
	for _, r := range rows {
		if r.Login != "" {
			logins = append(logins, Login(r.Login))
		}
	}
	return e.Store.LoginOwners(ctx, logins)
}

// owner is whom a line invites: nobody when it names no login, or when the login is the shop's already. Phone and colour are for the beginning: what the shop says
// of itself later is its own.
func (m *importer) owner(shop postern.Merchant, r roster.Row) (*shopOwner, error) {
	if r.Login == "" {
		if r.Owner+r.Phone+r.Colour != "" {
			return nil, postern.Invalid("login", postern.CodeInvalid, "owner, phone and colour are for a shop that somebody is invited to", "add the owner's login, or leave the three out")
		}
		return nil, nil
	}
	in := StaffInput{Login: r.Login, Name: r.Owner, Role: postern.RoleOwner}
	if in.Name == "" {
		in.Name = cutRunes(shop.Name, maxStaffName)
	}
	in, err := in.check()
	if err != nil {
		return nil, err
	}
	switch m.logins[in.Login] {
	case "":
	case shop.ID:
		return nil, nil
	default:
		return nil, loginTaken()
	}
	brand, err := checkBrand(postern.Brand{OwnerID: shop.ID, Phone: r.Phone, Colour: r.Colour})
	return &shopOwner{shop, in, brand}, err
}

// cutRunes keeps at most n characters.
func cutRunes(s string, n int) string {
	if runes := []rune(s); len(runes) > n {
		return string(runes[:n])
	}
	return s
}

// openShop invites a shop's first owner, and gives a shop that says nothing of itself yet its phone and colour, in one commit.
func (e *Engine) openShop(ctx context.Context, by Actor, in shopOwner) (ImportInvitation, error) {
	who, invitation, secret, err := e.newStaff(in.merchant.ID, in.person)
	if err != nil {
		return ImportInvitation{}, err
	}
	was, err := e.Store.BrandOf(ctx, in.merchant.ID)
	if err != nil {
		return ImportInvitation{}, err
	}
	change := store.Change{
		MerchantID: in.merchant.ID, At: who.CreatedAt, Staff: []postern.Staff{who}, Invitations: []postern.Invitation{invitation},
		Audits: []postern.Audit{e.audit(by, in.merchant.ID, "shop.open", in.merchant.ID, in.merchant.Name+" "+who.Name)},
	}
	if was.Version == 0 && in.brand.Phone+in.brand.Colour != "" {
		in.brand.CreatedAt, in.brand.UpdatedAt = who.CreatedAt, who.CreatedAt
		change.Brands = []postern.Brand{in.brand}
	}
	if err := e.commit(ctx, change); err != nil {
		if postern.CodeOf(err) == postern.CodeConflict {
			err = loginTaken()
		}
		return ImportInvitation{}, err
	}
	return ImportInvitation{MerchantID: in.merchant.ID, Reference: in.merchant.Reference, Name: in.merchant.Name, Login: who.Login, URL: e.InvitationURL(secret)}, nil
}

// OpenShop invites the first owner of a shop that is there; the secret of the invitation is in the address, which is shown once.
func (e *Engine) OpenShop(ctx context.Context, by Actor, m postern.Merchant, in StaffInput) (ImportInvitation, error) {
	in.Role = postern.RoleOwner
	in, err := in.check()
	if err != nil {
		return ImportInvitation{}, err
	}
	return e.openShop(ctx, by, shopOwner{merchant: m, person: in})
}
