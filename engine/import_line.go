package engine

import (
	"bytes"
	"context"
	"maps"
	"slices"
	"strings"

	"postern"
	"postern/provider"
	"postern/roster"
	"postern/store"
)

// importer holds a list against what is there: all of it is read once.
type importer struct {
	e         *Engine
	in        Import
	partner   postern.Partner
	accounts  map[string]importAccount // by the name that the list uses
	merchants map[string]postern.Merchant
	channels  map[string][]postern.Channel
	seen      map[string]int    // the line of each merchant
	logins    map[string]string // whose each login of the list is
}

// importAccount is an account of the partner's, and whose the numbers under it are.
type importAccount struct {
	set         postern.CredentialSet
	description provider.Description
	holders     map[string]string
}

func (e *Engine) newImporter(ctx context.Context, in Import, rows []roster.Row) (*importer, error) {
	partner, err := e.Store.Partner(ctx, in.PartnerID)
	if err != nil {
		return nil, err
	}
	m := &importer{
		e: e, in: in, partner: partner, accounts: map[string]importAccount{}, merchants: map[string]postern.Merchant{}, channels: map[string][]postern.Channel{}, seen: map[string]int{},
	}
	if m.logins, err = e.loginsOf(ctx, rows); err != nil {
		return nil, err
	}
	sets, err := e.Store.CredentialSets(ctx, in.PartnerID)
	if err != nil {
		return nil, err
	}
	for _, r := range rows {
		for _, a := range r.Accounts {
			if _, known := m.accounts[a.Name]; known {
				continue
			}
			if m.accounts[a.Name], err = m.account(ctx, a.Name, sets); err != nil {
				return nil, err
			}
		}
	}
	page := store.Page{Limit: pageOfMerchants}
	for {
		list, next, err := e.Store.Merchants(ctx, in.PartnerID, page)
		if err != nil {
			return nil, err
		}
		ids := make([]string, len(list))
		for i, one := range list {
			ids[i], m.merchants[one.ID] = one.ID, one
		}
		channels, err := e.Store.ChannelsOf(ctx, ids)
		if err != nil {
			return nil, err
		}
		maps.Copy(m.channels, channels)
		if next == "" {
			return m, nil
		}
		page.After = next
	}
}

// account finds the account that a column names: by its id, or by its provider when the partner has one of the mode there.
func (m *importer) account(ctx context.Context, name string, sets []postern.CredentialSet) (importAccount, error) {
	var found []postern.CredentialSet
	for _, s := range sets {
		if s.Sandbox != m.in.Live && (s.ID == name || s.Provider == name) {
			found = append(found, s)
		}
	}
	switch {
	case len(found) == 0:
		return importAccount{}, postern.Invalid("line 1", postern.CodeInvalid, "a column names an account that the partner does not have", "add the account first, or correct the column's name")
	case len(found) > 1:
		return importAccount{}, postern.Invalid("line 1", postern.CodeInvalid, "the partner has several accounts at a provider that a column names", "name the account by its id, as crs_....sub_merchant")
	}
	d, err := m.e.description(found[0].Provider)
	if err != nil {
		return importAccount{}, err
	}
	a := importAccount{set: found[0], description: d, holders: map[string]string{}}
	holders, err := m.e.Store.Holders(ctx, a.set.OwnerID, a.set.ID, "")
	for _, h := range holders {
		a.holders[h.Number] = h.MerchantID
	}
	return a, err
}

// line decides about one line of the list.
func (m *importer) line(r roster.Row) (ImportLine, shopEdit, error) {
	line := ImportLine{Line: r.Line, Reference: r.Reference, Name: r.Name, Outcome: ImportUnchanged}
	if r.Wrong != nil {
		return refuse(line, r.Wrong)
	}
	shop, fresh, err := m.merchant(r)
	if err != nil {
		return refuse(line, err)
	}
	line.MerchantID = shop.ID
	if at := m.seen[shop.ID]; at != 0 {
		return refuse(line, postern.Invalid("reference", postern.CodeInvalid, "line "+itoa(at)+" is about the same merchant", "give each merchant one line"))
	}
	m.seen[shop.ID] = r.Line
	was := shop
	if err := fill(&shop, r); err != nil {
		return refuse(line, err)
	}
	var edit shopEdit
	for _, d := range []struct{ field, from, to string }{{"name", was.Name, shop.Name}, {"category", was.Category, shop.Category}, {"region", was.Region, shop.Region}, {"locale", was.Locale, shop.Locale}} {
		if d.from != d.to && !fresh {
			line.Changes = append(line.Changes, ImportChange{d.field, d.from, d.to})
		}
	}
	if fresh || len(line.Changes) > 0 {
		edit.merchant = &shop
	}
	for _, a := range r.Accounts {
		channel, changes, err := m.channel(shop, a)
		if err != nil {
			return refuse(line, err)
		}
		if len(changes) > 0 {
			edit.channels = append(edit.channels, channel)
			line.Changes = append(line.Changes, changes...)
		}
	}
	owner, err := m.owner(shop, r)
	if err != nil {
		return refuse(line, err)
	}
	if edit.owner = owner; owner != nil {
		line.Changes = append(line.Changes, ImportChange{"login", "", owner.person.Login})
		m.logins[owner.person.Login] = shop.ID
	}
	for _, c := range edit.channels { // Only once nothing of the line is refused.
		if c.SubMerchant != "" {
			m.holdersOf(c)[c.SubMerchant] = shop.ID
		}
	}
	switch {
	case fresh:
		line.Outcome = ImportNew
	case len(line.Changes) > 0:
		line.Outcome = ImportChanged
	}
	return line, edit, nil
}

func (m *importer) holdersOf(c postern.Channel) map[string]string {
	for _, a := range m.accounts {
		if a.set.ID == c.CredentialSetID {
			return a.holders
		}
	}
	return map[string]string{}
}

// merchant finds whom a line is about: by the merchant's id, or by the partner's reference, from which the id follows.
func (m *importer) merchant(r roster.Row) (shop postern.Merchant, fresh bool, err error) {
	id := r.Merchant
	if id == "" {
		if err := checkText("reference", r.Reference, 1, maxNumber); err != nil {
			return shop, false, err
		}
		id = postern.MerchantID(m.partner, m.in.Live, r.Reference)
	}
	shop, known := m.merchants[id]
	switch {
	case known && shop.Live != m.in.Live, !known && r.Merchant != "":
		return shop, false, postern.Invalid("merchant", postern.CodeNotFound, "the partner has no such merchant of this mode", "leave it out and give a reference, or correct it")
	case known:
		return shop, false, nil
	}
	return postern.Merchant{ID: id, PartnerID: m.partner.ID, Reference: r.Reference, Live: m.in.Live, Locale: "zh-CN", Zone: "Asia/Shanghai", CreatedAt: m.e.now()}, true, nil
}

// fill writes what a line says into its merchant. An empty cell leaves what is there.
func fill(shop *postern.Merchant, r roster.Row) error {
	for _, f := range []struct {
		to         *string
		cell, name string
		least      int
	}{{&shop.Name, r.Name, "name", 1}, {&shop.Category, r.Category, "category", 0}, {&shop.Region, r.Region, "region", 0}, {&shop.Locale, r.Locale, "locale", 1}} {
		if f.cell != "" {
			*f.to = f.cell
		}
		if err := checkText(f.name, *f.to, f.least, maxTrade); err != nil {
			return err
		}
	}
	if shop.Locale != "zh-CN" && shop.Locale != "en" {
		return postern.Invalid("locale", postern.CodeInvalid, "there are no pages in this language", "send zh-CN or en")
	}
	return nil
}

// channel is a merchant's channel over an account as a line wants it, and what that changes.
func (m *importer) channel(shop postern.Merchant, a roster.Account) (postern.Channel, []ImportChange, error) {
	account := m.accounts[a.Name]
	if err := prefixed(a.Name, checkText("sub_merchant", a.SubMerchant, 0, maxNumber)); err != nil {
		return postern.Channel{}, nil, err
	}
	if holder := account.holders[a.SubMerchant]; a.SubMerchant != "" && holder != "" && holder != shop.ID {
		return postern.Channel{}, nil, postern.Invalid(a.Name+".sub_merchant", postern.CodeConflict, "another merchant has this number under the account", "send the merchant's own number, or retire the other channel first")
	}
	c, fresh, err := m.present(shop, a, account)
	if err != nil {
		return c, nil, err
	}
	edit, changes, err := m.changes(c, a, account, fresh)
	if err != nil || len(changes) == 0 {
		return c, nil, err
	}
	if fresh && len(a.Products) == 0 {
		return c, nil, postern.Invalid(a.Name+".products", postern.CodeInvalid, "a new channel needs products", "name one or more, parted by blanks")
	}
	c, err = m.e.edited(c, account.set, account.description, edit)
	return c, changes, prefixed(a.Name, err)
}

// prefixed names the column of an account in an error's field.
func prefixed(account string, err error) error {
	known, ok := err.(*postern.Error)
	if !ok {
		return err
	}
	at := *known
	field := at.Field
	if _, name, dotted := strings.Cut(field, "."); dotted {
		field = name
	}
	at.Field = account + "." + field
	return &at
}

// present finds the merchant's channel over an account, or begins a new one.
func (m *importer) present(shop postern.Merchant, a roster.Account, account importAccount) (c postern.Channel, fresh bool, err error) {
	var open []postern.Channel
	for _, c := range m.channels[shop.ID] {
		if c.CredentialOwnerID == account.set.OwnerID && c.CredentialSetID == account.set.ID && c.RetiredAt.IsZero() && (a.SubMerchant == "" || c.SubMerchant == a.SubMerchant || m.only(shop, c)) {
			open = append(open, c)
		}
	}
	switch {
	case len(open) > 1:
		return c, false, postern.Invalid(a.Name+".sub_merchant", postern.CodeInvalid, "the merchant has several channels over the account", "say which by its number")
	case len(open) == 1 && a.SubMerchant != "" && open[0].SubMerchant != a.SubMerchant:
		return c, false, postern.Invalid(a.Name+".sub_merchant", postern.CodeConflict, "the number of a channel never changes: orders in flight are asked after under it", "put another channel in its place (channel replace)")
	case len(open) == 1:
		return open[0], false, nil
	}
	now := m.e.now()
	return postern.Channel{
		MerchantID: shop.ID, ID: m.e.newID(postern.PrefixChannel), CredentialOwnerID: account.set.OwnerID, CredentialSetID: account.set.ID, Provider: account.set.Provider,
		SubMerchant: a.SubMerchant, Sandbox: account.set.Sandbox, CreatedAt: now, UpdatedAt: now,
	}, true, nil
}

// only says that a merchant has one open channel over the account of this one.
func (m *importer) only(shop postern.Merchant, c postern.Channel) bool {
	n := 0
	for _, o := range m.channels[shop.ID] {
		if o.CredentialSetID == c.CredentialSetID && o.RetiredAt.IsZero() {
			n++
		}
	}
	return n == 1
}

// changes compares the cells of an account with a channel.
func (m *importer) changes(c postern.Channel, a roster.Account, account importAccount, fresh bool) (ChannelEdit, []ImportChange, error) {
	edit, changes := ChannelEdit{Settings: map[string]string{}, Keys: map[string][]byte{}}, []ImportChange{}
	if fresh && a.SubMerchant != "" {
		changes = append(changes, ImportChange{a.Name + ".sub_merchant", "", a.SubMerchant})
	}
	if len(a.Products) > 0 && !slices.Equal(sorted(a.Products), sorted(c.Products)) {
		edit.Products = a.Products
		changes = append(changes, ImportChange{a.Name + ".products", strings.Join(c.Products, " "), strings.Join(a.Products, " ")})
	}
	for _, name := range slices.Sorted(maps.Keys(a.Values)) {
		value, field := a.Values[name], a.Name+"."+name
		if key, known := keyFieldOf(account.description, name); known && key.PerChannel {
			same, err := m.sameKey(c, name, value)
			if err != nil {
				return edit, nil, err
			}
			if !same {
				edit.Keys[name] = []byte(value)
				changes = append(changes, ImportChange{field, hidden(c.Secrets[name] != nil), hidden(true)})
			}
			continue
		}
		held, own := c.Settings[name]
		if !own {
			held = account.set.Settings[name]
		}
		if held != value {
			edit.Settings[name] = value
			changes = append(changes, ImportChange{field, held, value})
		}
	}
	return edit, changes, nil
}

func hidden(there bool) string {
	if there {
		return "[redacted]"
	}
	return ""
}

// sameKey says whether a channel's own key is this one.
func (m *importer) sameKey(c postern.Channel, name, value string) (bool, error) {
	sealed, ok := c.Secrets[name]
	if !ok {
		return false, nil
	}
	plain, err := m.e.Vault.Open(secretRef(c, name), sealed)
	if err != nil {
		return false, postern.Wrap(postern.CodeInternal, "engine.sameKey", err)
	}
	return bytes.Equal(plain, []byte(value)), nil
}

func sorted(list []string) []string {
	out := slices.Clone(list)
	slices.Sort(out)
	return out
}
