package engine

import (
	"cmp"
	"slices"
	"time"

	"postern"
)

// productsOf lists the products that closures and permissions name, each once; empty is the account as such.
func productsOf(held []postern.Closure, withdrawn []postern.Permission) []string {
	var out []string
	add := func(product string) {
		if !slices.Contains(out, product) {
			out = append(out, product)
		}
	}
	for i := range held {
		add(productOf(&held[i]))
	}
	for _, w := range withdrawn {
		add(w.Product)
	}
	slices.Sort(out)
	return out
}

func productOf(c *postern.Closure) string {
	if len(c.Scope.Products) == 0 {
		return ""
	}
	return c.Scope.Products[0]
}

// noticedClosure is the closure of an account and product after its provider's word; false when it is as it was.
func noticedClosure(set postern.CredentialSet, held []postern.Closure, withdrawn []postern.Permission, product string, whole bool, now time.Time) (postern.Closure, bool) {
	i := slices.IndexFunc(held, func(c postern.Closure) bool { return productOf(&c) == product })
	c := postern.Closure{
		OwnerID: set.OwnerID, Title: "The provider limits the account " + set.ID, By: postern.ByProvider, Who: set.Provider, Source: noticeSource, CreatedAt: now,
		Scope: postern.Scope{CredentialSets: []string{set.ID}},
	}
	if product != "" {
		c.Scope.Products = []string{product}
	}
	what, note := "announced", ""
	var wanted []postern.Withdrawal
	if i >= 0 {
		c, what = held[i], "moved"
		if !whole {
			wanted = slices.Clone(c.Withdraws)
		}
	}
	for _, w := range withdrawn {
		if w.Product != product || slices.ContainsFunc(wanted, func(o postern.Withdrawal) bool { return o.Act == w.Act }) {
			continue
		}
		one := postern.Withdrawal{Act: w.Act, From: w.From, Until: w.Until}
		if k := slices.IndexFunc(c.Withdraws, func(o postern.Withdrawal) bool { return o.Act == w.Act }); k >= 0 {
			one = c.Withdraws[k] // What holds already keeps its hours.
		} else if one.From.IsZero() {
			one.From = now
		}
		wanted, note = append(wanted, one), plainWords(w.Note)
	}
	slices.SortFunc(wanted, func(a, b postern.Withdrawal) int { return cmp.Compare(a.Act, b.Act) })
	if slices.Equal(wanted, c.Withdraws) {
		return c, false
	}
	if len(wanted) == 0 {
		what = "withdrawn"
	}
	return c.Move(now, what, note, wanted...), true
}
