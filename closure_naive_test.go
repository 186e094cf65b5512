package postern_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"postern"
)

// naiveMay reads closures the slow and obvious way, with nothing of the product's code in it but the data types: first the paper as a list of spans, then every
// closure as a list of sentences that must all be true.
func naiveMay(act postern.Act, w postern.Asker, at time.Time, closures []postern.Closure) bool {
	if !naivePaper(act, w, at.UnixMicro()) {
		return false
	}
	for _, c := range closures {
		for _, off := range c.Withdraws {
			if off.Act == act && naiveHits(c, off, w, at) {
				return false
			}
		}
	}
	return true
}

func naivePaper(act postern.Act, w postern.Asker, now int64) bool {
	ever, running := false, false
	for i, t := range w.Agreement.Terms {
		begins := t.From.UnixMicro()
		if i == 0 && begins <= now {
			ever = true
		}
		if begins <= now && (t.Until.IsZero() || now < t.Until.UnixMicro()) {
			running = true
		}
	}
	here := len(w.Agreement.Scenes) == 0
	for _, scene := range w.Agreement.Scenes {
		here = here || scene == w.Container
	}
	for _, limit := range []struct {
		list []string
		word string
	}{{w.Agreement.Categories, w.Category}, {w.Agreement.Regions, w.Region}} {
		inside := len(limit.list) == 0 || limit.word == ""
		for _, word := range limit.list {
			inside = inside || word == limit.word
		}
		here = here && inside
	}
	if act == postern.ActPay {
		return ever && running && here
	}
	if act == postern.ActSign {
		return !(running && here)
	}
	if act == postern.ActRenew {
		return ever && here
	}
	return true
}

func naiveHits(c postern.Closure, off postern.Withdrawal, w postern.Asker, at time.Time) bool {
	among := func(list []string, word string) bool {
		found := len(list) == 0
		for _, s := range list {
			if s == word {
				found = true
			}
		}
		return found
	}
	sentences := []bool{
		c.WithdrawnAt.IsZero() || at.Before(c.WithdrawnAt),
		at.Equal(off.From) || at.After(off.From),
		off.Until.IsZero() || at.Before(off.Until),
		among(c.Scope.Providers, w.Provider), among(c.Scope.Products, w.Product), among(c.Scope.Containers, w.Container), among(c.Scope.Merchants, w.MerchantID),
		among(c.Scope.Partners, w.PartnerID), among(c.Scope.CredentialSets, w.CredentialSetID), among(c.Scope.Categories, w.Category),
		c.Scope.MinAmount == 0 || c.Scope.MinAmount <= w.Amount, c.Scope.MaxAmount == 0 || w.Amount <= c.Scope.MaxAmount,
		c.Scope.Share == 0 || w.Bucket < c.Scope.Share,
		c.Scope.IdleFor == 0 || !at.Add(-c.Scope.IdleFor).Before(w.LastUsed),
		c.Scope.SignedFrom.IsZero() || len(w.Agreement.Terms) == 0 || !w.Agreement.Terms[0].From.Before(c.Scope.SignedFrom),
	}
	if !c.Scope.EndsBefore.IsZero() {
		soon := false
		for _, t := range w.Agreement.Terms {
			if !at.Before(t.From) && (t.Until.IsZero() || at.Before(t.Until)) {
				soon = !t.Until.IsZero() && t.Until.Before(c.Scope.EndsBefore)
				break
			}
		}
		sentences = append(sentences, soon)
	}
	for _, holds := range sentences {
		if !holds {
			return false
		}
	}
	return true
}

// TestAMillionQuestions asks both interpreters, and the index that plans use, the same generated questions. The seed is fixed, so that a disagreement comes again.
func TestAMillionQuestions(t *testing.T) {
	questions := 1_000_000
	if testing.Short() {
		questions = 50_000
	}
	r := rand.New(rand.NewPCG(2014, 213))
	acts := []postern.Act{postern.ActSign, postern.ActRenew, postern.ActPay, postern.ActRefund, postern.ActSettle, postern.ActDispute}
	closed := 0
	for asked := 0; asked < questions; {
		closures := randomClosures(r)
		index := postern.IndexClosures(closures)
		for range 40 {
			who := randomShop(r)
			for range 5 {
				at, act := randomDay(r).Add(time.Duration(r.IntN(2))*time.Microsecond), acts[r.IntN(len(acts))]
				got, want := postern.May(act, who, at, closures), naiveMay(act, who, at, closures)
				if got.Allowed != want {
					t.Fatalf("question %d: may %s at %s: %+v against %v\nshop %+v\nclosures %+v", asked, act, at, got, want, who, closures)
				}
				if scoped := within(closures, who, at); scoped != "" {
					t.Fatalf("question %d: %s", asked, scoped)
				}
				if indexed := index.May(act, &who, at); indexed != got {
					t.Fatalf("question %d: may %s at %s: the index says %+v, the list %+v\nshop %+v\nclosures %+v", asked, act, at, indexed, got, who, closures)
				}
				if got.Because == postern.ClosedByWall {
					closed++
				}
				asked++
			}
		}
	}
	if closed < questions/20 {
		t.Errorf("only %d of %d questions met a closure: the generator asks too little", closed, questions)
	}
}

// within says what is wrong when one scope claims to lie within another and hits a shop that the other does not.
func within(closures []postern.Closure, who postern.Asker, at time.Time) string {
	for _, inner := range closures {
		for _, outer := range closures {
			hits := func(c postern.Closure) bool {
				c.Withdraws, c.WithdrawnAt = []postern.Withdrawal{{Act: postern.ActRefund, From: firstDay}}, time.Time{}
				return !postern.May(postern.ActRefund, who, at, []postern.Closure{c}).Allowed
			}
			if inner.Scope.Within(outer.Scope) && hits(inner) && !hits(outer) {
				return fmt.Sprintf("%+v is not within %+v: %+v", inner.Scope, outer.Scope, who)
			}
		}
	}
	return ""
}

var firstDay = day("2013-01-01")

func randomDay(r *rand.Rand) time.Time { return firstDay.AddDate(0, 0, r.IntN(400)) }

func oneOf(r *rand.Rand, words ...string) string { return words[r.IntN(len(words))] }

// some returns nothing, or one or two of the words: an empty list means any.
func some(r *rand.Rand, words ...string) []string {
	switch r.IntN(10) {
	case 0:
		return []string{oneOf(r, words...)}
	case 1:
		return []string{oneOf(r, words...), oneOf(r, words...)}
	}
	return nil
}

func randomClosures(r *rand.Rand) []postern.Closure {
	var list []postern.Closure
	for i := range 1 + r.IntN(4) {
		c := postern.Closure{ID: fmt.Sprint("clo_", i), By: postern.ByProvider, Scope: postern.Scope{
			Providers: some(r, "alipay", "wechatpay", "unionpay"), Products: some(r, "h5", "jsapi"), Containers: some(r, "wechat", "alipay", "douyin"),
			Merchants: some(r, "mer_1", "mer_2"), Partners: some(r, "ptn_1", "ptn_2"), CredentialSets: some(r, "crs_1", "crs_2"), Categories: some(r, "food", "tea"),
		}}
		if r.IntN(6) == 0 {
			c.Scope.MinAmount = int64(r.IntN(5))
		}
		if r.IntN(4) == 0 {
			c.Scope.MaxAmount = int64(r.IntN(5))
		}
		if r.IntN(5) == 0 {
			c.Scope.SignedFrom = randomDay(r)
		}
		if r.IntN(5) == 0 {
			c.Scope.EndsBefore = randomDay(r)
		}
		if r.IntN(6) == 0 {
			c.Scope.IdleFor = time.Duration(r.IntN(200)) * 24 * time.Hour
		}
		if r.IntN(6) == 0 {
			c.Scope.Share = int64(r.IntN(10))
		}
		if r.IntN(6) == 0 {
			c.WithdrawnAt = randomDay(r)
		}
		for _, act := range []postern.Act{postern.ActSign, postern.ActRenew, postern.ActPay, postern.ActRefund, postern.ActSettle, postern.ActDispute} {
			if r.IntN(2) == 0 {
				w := postern.Withdrawal{Act: act, From: randomDay(r)}
				if r.IntN(2) == 0 {
					w.Until = w.From.AddDate(0, 0, 1+r.IntN(90))
				}
				c.Withdraws = append(c.Withdraws, w)
			}
		}
		list = append(list, c)
	}
	return list
}

func randomShop(r *rand.Rand) postern.Asker {
	w := postern.Asker{
		MerchantID: oneOf(r, "mer_1", "mer_2"), PartnerID: oneOf(r, "ptn_1", "ptn_2"), CredentialSetID: oneOf(r, "crs_1", "crs_2"), Category: oneOf(r, "food", "tea", ""), Region: oneOf(r, "north", "south", ""),
		Provider: oneOf(r, "alipay", "wechatpay", "unionpay"), Product: oneOf(r, "h5", "jsapi"), Container: oneOf(r, "wechat", "alipay", "douyin"),
		Amount: int64(r.IntN(6)), LastUsed: randomDay(r), Bucket: int64(r.IntN(12)),
	}
	w.Agreement.Scenes = some(r, "wechat", "alipay")
	w.Agreement.Categories, w.Agreement.Regions = some(r, "food", "tea"), some(r, "north", "south")
	for from := randomDay(r); r.IntN(3) > 0; {
		t := postern.Term{From: from}
		if r.IntN(4) > 0 {
			t.Until = from.AddDate(0, 0, 1+r.IntN(200))
		}
		w.Agreement.Terms = append(w.Agreement.Terms, t)
		if t.Until.IsZero() {
			break
		}
		from = t.Until.AddDate(0, 0, r.IntN(3))
	}
	return w
}
