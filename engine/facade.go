package engine

import (
	"context"
	"errors"
	"maps"
	"strings"
	"time"

	"postern"
	"postern/provider"
	"postern/route"
	"postern/store"
	"postern/vault"
)

const (
	maxFaceNumber = 64
	// maxFaceReversals bounds how often a reversal whose refund failed is begun anew.
	maxFaceReversals = 20
	// faceFor is how long an account is remembered: for so long a key that was ended, or an account, goes on being believed.
	faceFor = 5 * time.Second
)

// rememberedFace is an account as it was read.
type rememberedFace struct {
	account postern.FacadeAccount
	face    provider.FaceAccount
}

// FaceByNumber finds an issued account that is not disabled, with its keys as handles: in the memory of the last seconds, or in the store. CodeNotFound without one.
func (e *Engine) FaceByNumber(ctx context.Context, providerCode, number string) (postern.FacadeAccount, provider.FaceAccount, error) {
	now := e.now()
	young := func(r rememberedFace) bool { return !now.Before(r.face.Now) && now.Sub(r.face.Now) < faceFor }
	r, err := remembered(&e.memory, &e.memory.faces, providerCode+" "+number, young, func() (r rememberedFace, err error) {
		if r.account, err = e.Store.FacadeByNumber(ctx, providerCode, number); err != nil {
			return r, err
		}
		r.face, err = e.FaceAccount(ctx, r.account)
		return r, err
	})
	if err != nil {
		return r.account, r.face, err
	}
	if ends := r.account.DisabledAt; !ends.IsZero() && !now.Before(ends) {
		return r.account, r.face, postern.E(postern.CodeNotFound, "engine.FaceByNumber", "the account is disabled")
	}
	r.face.Now = now
	return r.account, r.face, nil
}

// facadeKeyRef binds a sealed key field of a facade account to its place.
func facadeKeyRef(k postern.FacadeKey, field string) vault.Ref {
	return vault.Ref{Owner: k.MerchantID, Table: "facade_key", Column: "keys." + field, Row: k.AccountID + "/" + k.ID}
}

// Faced finds the facade of a provider, CodeNotSupported without one.
func (e *Engine) Faced(providerCode string) (provider.Faced, error) {
	if faced, ok := e.Registry[providerCode].(provider.Faced); ok {
		return faced, nil
	}
	return nil, postern.E(postern.CodeNotSupported, "engine.Faced", "there is no facade of "+providerCode)
}

// FaceAccount opens an issued account with its keys as handles: the usable generation first.
func (e *Engine) FaceAccount(ctx context.Context, a postern.FacadeAccount) (provider.FaceAccount, error) {
	faced, err := e.Faced(a.Provider)
	if err != nil {
		return provider.FaceAccount{}, err
	}
	merchant, err := e.Store.Merchant(ctx, a.MerchantID)
	if err != nil {
		return provider.FaceAccount{}, err
	}
	keys, err := e.Store.FacadeKeys(ctx, a.MerchantID, a.ID)
	if err != nil {
		return provider.FaceAccount{}, err
	}
	now := e.now()
	face := provider.FaceAccount{
		MerchantID: a.MerchantID, ID: a.ID, Number: a.Number, Name: merchant.Name, Live: merchant.Live, BaseURL: e.FacadeURLs[a.Provider], Settings: maps.Clone(a.Settings), Now: now,
	}
	for _, usable := range []bool{true, false} {
		for _, k := range keys {
			signs := !now.Before(k.NotBefore) && (k.NotAfter.IsZero() || now.Before(k.NotAfter))
			if verifies := k.RetiredAt.IsZero() || now.Before(k.RetiredAt); !verifies || signs != usable {
				continue
			}
			g := provider.Generation{ID: k.ID, Handles: map[string]any{}}
			for _, field := range faced.Face().Keys {
				sealed, ok := k.Keys[field.Name]
				if !ok {
					continue
				}
				if g.Handles[field.Name], err = e.Vault.Handle(facadeKeyRef(k, field.Name), field.Kind, k.Public[field.IDField], sealed); err != nil {
					return face, postern.Wrap(postern.CodeInternal, "engine.FaceAccount", err)
				}
			}
			face.Keys = append(face.Keys, g)
		}
	}
	return face, nil
}

// PlaceFaced makes the payment of a merchant's number at a facade account, or finds it again. A number that came with other parameters before is CodeReferenceTaken,
// and the order that has it is returned beside the error. Either way a write was committed.
func (e *Engine) PlaceFaced(ctx context.Context, a postern.FacadeAccount, in provider.FaceOrder) (provider.FacedOrder, error) {
	if err := checkText("number", in.Number, 1, maxFaceNumber); err != nil {
		return provider.FacedOrder{}, err
	}
	request, fresh, err := e.Store.BeginRequest(ctx, store.Request{
		MerchantID: a.MerchantID, Key: "face " + a.ID + " " + in.Number, Fingerprint: hashOf(in.Number), CreatedAt: e.now(), // a first try that made nothing binds to no terms
	})
	if err != nil {
		return provider.FacedOrder{}, err
	}
	if !fresh {
		if order, err := e.sameFaced(ctx, a, in); err == nil || postern.CodeOf(err) != postern.CodeNotFound {
			return order, err
		}
	}
	order, err := e.placeFaced(ctx, a, in, request)
	if postern.CodeOf(err) == postern.CodeConflict && err != nil { // another request with this number was faster
		return e.sameFaced(ctx, a, in)
	}
	return order, err
}

// sameFaced finds the order of a number that came before: with the same terms, or beside CodeReferenceTaken.
func (e *Engine) sameFaced(ctx context.Context, a postern.FacadeAccount, in provider.FaceOrder) (provider.FacedOrder, error) {
	order, err := e.FindFaced(ctx, a, provider.FaceKey{Number: in.Number})
	if err == nil && order.Fingerprint != in.Fingerprint {
		err = &postern.Error{Code: postern.CodeReferenceTaken, Op: "engine.PlaceFaced", Field: "number", Message: "the number has another order", ID: order.PaymentID}
	}
	return order, err
}

func (e *Engine) placeFaced(ctx context.Context, a postern.FacadeAccount, in provider.FaceOrder, request store.Request) (provider.FacedOrder, error) {
	faced, err := e.Faced(a.Provider)
	if err != nil {
		return provider.FacedOrder{}, err
	}
	merchant, err := e.Store.Merchant(ctx, a.MerchantID)
	if err != nil {
		return provider.FacedOrder{}, err
	}
	now := e.now()
	token := postern.NewToken(e.Env.Rand)
	create := CreateInput{
		Reference: in.Number, Amount: in.Amount, Currency: in.Currency, Description: cut(in.Subject, maxDescription), Items: in.Items, ExpiresAt: in.ExpiresAt,
		Metadata: map[string]string{"facade": a.Provider, "facade_account": a.Number},
	}
	if in.ReturnURL != "" {
		create.ReturnURL = e.PublicURL + "/f/" + token
	}
	if err := e.checkCreate(&create, now); err != nil {
		return provider.FacedOrder{}, err
	}
	create.Reference = a.Provider + ":" + in.Number // the same number through another facade is another order
	change := e.paymentChange(merchant, create, e.newID(postern.PrefixPayment), now)
	change.Payment.FacadeAccountID = a.ID
	order := postern.FacadeOrder{
		MerchantID: a.MerchantID, AccountID: a.ID, Number: in.Number, TradeNo: faced.Face().TradeNo(now, e.random), PaymentID: change.Payment.ID, Product: in.Product, NotifyURL: in.NotifyURL,
		ReturnURL: in.ReturnURL, Token: token, Fields: in.Fields, Fingerprint: in.Fingerprint, CreatedAt: now,
	}
	change.FacadeOrders = []postern.FacadeOrder{order}
	request.ObjectID, request.Done = change.Payment.ID, true
	change.Request = &request
	if err := e.commit(ctx, change); err != nil {
		return provider.FacedOrder{}, err
	}
	return e.facedOrder(order, postern.State{Payment: *change.Payment}), nil
}

// random returns a number below n.
func (e *Engine) random(n int) int {
	var b [4]byte
	if _, err := e.Env.Rand.Read(b[:]); err != nil {
		panic("engine: the random source failed: " + err.Error()) // a transaction number must never repeat
	}
	return int((uint64(b[0])<<24 | uint64(b[1])<<16 | uint64(b[2])<<8 | uint64(b[3])) * uint64(n) >> 32)
}

// FindFaced finds an order by the merchant's number or by ours; CodeNotFound when there is none.
func (e *Engine) FindFaced(ctx context.Context, a postern.FacadeAccount, key provider.FaceKey) (provider.FacedOrder, error) {
	find, number := e.Store.FacadeOrder, key.Number
	if key.TradeNo != "" {
		find, number = e.Store.FacadeOrderByTrade, key.TradeNo
	}
	order, state, err := find(ctx, a.MerchantID, a.ID, number)
	if err != nil {
		return provider.FacedOrder{}, err
	}
	return e.knownOrder(ctx, a, order, state)
}

// facedOrder is what a facade may know of a payment: money that the payment did not ask for (surplus) is not in it, in either direction.
func (e *Engine) facedOrder(o postern.FacadeOrder, s postern.State) provider.FacedOrder {
	p := s.Payment
	out := provider.FacedOrder{
		FaceOrder: provider.FaceOrder{
			Number: o.Number, Amount: p.Amount, Currency: p.Currency, Subject: p.Description, Items: p.Items, ExpiresAt: p.ExpiresAt, NotifyURL: o.NotifyURL, ReturnURL: o.ReturnURL,
			Product: o.Product, Fields: o.Fields, Fingerprint: o.Fingerprint,
		},
		TradeNo: o.TradeNo, PaymentID: p.ID, Status: p.Status, CashierURL: e.CheckoutURL(p.LinkToken), CreatedAt: o.CreatedAt, PaidAt: p.PaidAt,
	}
	if p.Status == postern.PaymentExpired || p.Status == postern.PaymentCanceled {
		out.EndedAt = p.UpdatedAt
	}
	if r, ok := s.Applied(); ok {
		out.Wallet, out.Refunded, out.Refunding = r.Provider, r.Refunded, r.RefundReserved
	}
	for _, a := range s.Attempts {
		if a.Exposed() {
			out.Attempted = true
		}
	}
	if n := len(s.Attempts); n > 0 {
		out.BarcodeSay = e.chargeState(s, s.Attempts[n-1])
	}
	return out
}

// chargeState is what became of a scanned code, "" for an attempt that was none.
func (e *Engine) chargeState(s postern.State, a postern.Attempt) provider.ChargeState {
	v := e.Counter(s, a)
	if v == nil {
		return ""
	}
	return map[CounterOutcome]provider.ChargeState{
		CounterPaid: provider.ChargePaid, CounterDeclined: provider.ChargeDeclined, CounterWaiting: provider.ChargeWaiting, CounterUnknown: provider.ChargeUnknown,
	}[v.Outcome]
}

// ChargeFaced places an order and charges a scanned code, of whichever wallet it is.
func (e *Engine) ChargeFaced(ctx context.Context, a postern.FacadeAccount, in provider.FaceOrder, authCode string) (provider.FacedOrder, error) {
	order, err := e.PlaceFaced(ctx, a, in)
	if err != nil || order.Status == postern.PaymentPaid || order.BarcodeSay == provider.ChargeWaiting || order.BarcodeSay == provider.ChargeUnknown {
		return order, err
	}
	_, err = e.Start(ctx, a.MerchantID, order.PaymentID, StartInput{AuthCode: authCode, ClientIP: in.ClientIP, Buyer: route.Buyer{Container: ContainerAPI}})
	found, findErr := e.FindFaced(ctx, a, provider.FaceKey{Number: in.Number})
	var refused *postern.Error
	if errors.As(err, &refused) && (refused.Code == postern.CodeProviderRefused || refused.Code == postern.CodeProviderSilent) {
		err = nil // the order says what became of the code
	}
	return found, errors.Join(err, findErr)
}

// CloseFaced ends an order that nobody has paid; see Cancel.
func (e *Engine) CloseFaced(ctx context.Context, a postern.FacadeAccount, key provider.FaceKey) (provider.FacedOrder, error) {
	order, err := e.FindFaced(ctx, a, key)
	if err != nil {
		return order, err
	}
	_, err = e.Cancel(ctx, a.MerchantID, order.PaymentID)
	found, findErr := e.FindFaced(ctx, a, provider.FaceKey{Number: order.Number})
	if findErr != nil {
		return order, findErr
	}
	return found, err
}

// ReverseFaced ends an order whatever its state: what is unpaid is closed, what was paid is given back.
func (e *Engine) ReverseFaced(ctx context.Context, a postern.FacadeAccount, key provider.FaceKey) (provider.FacedOrder, error) {
	order, err := e.CloseFaced(ctx, a, key)
	if postern.CodeOf(err) != postern.CodeAlreadyPaid || err == nil {
		return order, err
	}
	left := order.Amount - order.Refunded - order.Refunding
	for n := 1; left > 0 && n <= maxFaceReversals; n++ {
		_, refund, err := e.RefundFaced(ctx, a, provider.FaceRefund{Order: provider.FaceKey{Number: order.Number}, Number: provider.ReversalNumber(n), Amount: left, Reason: "reversed"})
		if err != nil && postern.CodeOf(err) != postern.CodeReferenceTaken {
			return order, err
		}
		if err == nil && (refund.Fresh || refund.Status != postern.RefundFailed) {
			break
		} // a refund that failed keeps its number: the next reversal has another
	}
	return e.FindFaced(ctx, a, provider.FaceKey{Number: order.Number})
}

// RefundFaced gives money of an order back under the merchant's own number. The same number with another amount, or with another order where a number is one for the
// account, is CodeReferenceTaken.
func (e *Engine) RefundFaced(ctx context.Context, a postern.FacadeAccount, in provider.FaceRefund) (provider.FacedOrder, provider.FacedRefund, error) {
	order, err := e.FindFaced(ctx, a, in.Order)
	if err != nil {
		return order, provider.FacedRefund{}, err
	}
	faced, err := e.Faced(a.Provider)
	if err != nil {
		return order, provider.FacedRefund{}, err
	}
	within := order.Number // a reversal's number is no merchant's and one for its order everywhere
	if faced.Face().OneRefundNumber && !in.Reversal() {
		within = ""
	}
	row, err := e.Store.FacadeRefund(ctx, a.MerchantID, a.ID, within, in.Number)
	if err == nil {
		return e.refundAgainFaced(ctx, a, order, row, in)
	}
	if postern.CodeOf(err) != postern.CodeNotFound {
		return order, provider.FacedRefund{}, err
	}
	now := e.now()
	row = postern.FacadeRefund{
		MerchantID: a.MerchantID, AccountID: a.ID, Number: in.Number, OrderNo: order.Number, TradeNo: faced.Face().TradeNo(now, e.random), PaymentID: order.PaymentID, NotifyURL: in.NotifyURL,
		Fields: in.Fields, CreatedAt: now,
	}
	refund, err := e.refund(ctx, a.MerchantID, order.PaymentID, RefundInput{
		Reference: in.Number, Amount: in.Amount, Reason: cut(in.Reason, maxReason), Request: uniqueRefund(row, within == ""),
	}, func(c *store.Change) {
		row.RefundID = c.Refunds[0].ID
		c.FacadeRefunds = []postern.FacadeRefund{row}
	})
	if code := postern.CodeOf(err); err != nil && (code == postern.CodeReferenceTaken || code == postern.CodeConflict) { // a request with this number was faster
		if other, loadErr := e.Store.FacadeRefund(ctx, a.MerchantID, a.ID, within, in.Number); loadErr == nil {
			return e.refundAgainFaced(ctx, a, order, other, in)
		}
	}
	if err != nil {
		return order, provider.FacedRefund{}, err
	}
	// The provider's answer is looked at once before the merchant gets ours, as a real one's is: most refunds are done by then.
	if _, err := e.SendRefund(ctx, a.MerchantID, refund.ID); err != nil {
		e.Log.WarnContext(ctx, "a refund is left to its job", "refund", refund.ID, "err", err)
	}
	order, found, err := e.FindRefundFaced(ctx, a, provider.FaceKey{Number: order.Number}, in.Number)
	found.Fresh = true
	return order, found, err
}

// uniqueRefund is the row that makes a refund's number one for the whole account: it goes into the refund's own commit, and of two orders only one can write it. It need
// not outlive the race, because the refund itself is looked for first.
func uniqueRefund(row postern.FacadeRefund, unique bool) *store.Request {
	if !unique {
		return nil
	}
	return &store.Request{MerchantID: row.MerchantID, Key: "face refund number " + row.AccountID + " " + row.Number, Fingerprint: hashOf(row.OrderNo), CreatedAt: row.CreatedAt}
}

// refundAgainFaced answers a repetition: with a write, because nothing may be told as done that rests on a read alone.
func (e *Engine) refundAgainFaced(ctx context.Context, a postern.FacadeAccount, order provider.FacedOrder, row postern.FacadeRefund, in provider.FaceRefund) (provider.FacedOrder, provider.FacedRefund, error) {
	if _, _, err := e.Store.BeginRequest(ctx, store.Request{
		MerchantID: a.MerchantID, Key: "face refund " + row.RefundID, Fingerprint: hashOf(row.RefundID), ObjectID: row.RefundID, Done: true, CreatedAt: e.now(),
	}); err != nil {
		return order, provider.FacedRefund{}, err
	}
	refund, err := e.facedRefund(ctx, row)
	switch {
	case err != nil:
	case row.OrderNo != order.Number:
		err = &postern.Error{Code: postern.CodeReferenceTaken, Op: "engine.RefundFaced", Field: "number", Message: "the refund number belongs to another order", ID: row.RefundID}
	case refund.Amount != in.Amount:
		err = &postern.Error{Code: postern.CodeReferenceTaken, Op: "engine.RefundFaced", Field: "amount", Message: "the refund number came with another amount before", ID: row.RefundID}
	}
	return order, refund, err
}

// FindRefundFaced finds a refund by the merchant's number: of an order, or by the number alone when the key is empty.
func (e *Engine) FindRefundFaced(ctx context.Context, a postern.FacadeAccount, key provider.FaceKey, number string) (provider.FacedOrder, provider.FacedRefund, error) {
	var order provider.FacedOrder
	var err error
	if key != (provider.FaceKey{}) {
		if order, err = e.FindFaced(ctx, a, key); err != nil {
			return order, provider.FacedRefund{}, err
		}
	}
	row, err := e.Store.FacadeRefund(ctx, a.MerchantID, a.ID, order.Number, number)
	if err != nil {
		return order, provider.FacedRefund{}, err
	}
	if order, err = e.FindFaced(ctx, a, provider.FaceKey{Number: row.OrderNo}); err != nil {
		return order, provider.FacedRefund{}, err
	}
	refund, err := e.facedRefund(ctx, row)
	return order, refund, err
}

// RefundsFaced lists all refunds of an order that the merchant asked for, oldest first.
func (e *Engine) RefundsFaced(ctx context.Context, a postern.FacadeAccount, number string) ([]provider.FacedRefund, error) {
	rows, err := e.Store.FacadeRefunds(ctx, a.MerchantID, a.ID, number)
	if err != nil {
		return nil, err
	}
	var out []provider.FacedRefund
	for _, row := range rows {
		refund, err := e.facedRefund(ctx, row)
		if err != nil {
			return nil, err
		}
		out = append(out, refund)
	}
	return out, nil
}

func (e *Engine) facedRefund(ctx context.Context, row postern.FacadeRefund) (provider.FacedRefund, error) {
	r, err := e.Store.Refund(ctx, row.MerchantID, row.RefundID)
	out := provider.FacedRefund{
		FaceRefund: provider.FaceRefund{Order: provider.FaceKey{Number: row.OrderNo}, Number: row.Number, Amount: r.Amount, Reason: r.Reason, NotifyURL: row.NotifyURL, Fields: row.Fields},
		TradeNo:    row.TradeNo, Status: r.Status, CreatedAt: row.CreatedAt,
	}
	if r.Status == postern.RefundRefunded {
		out.DoneAt = r.UpdatedAt
	}
	return out, err
}

// billPage is how many lines of a day are read at once.
const billPage = 500

// FacedBill calls line for everything that was paid or given back through an account on a day of Beijing.
func (e *Engine) FacedBill(ctx context.Context, a postern.FacadeAccount, day time.Time, line func(provider.FaceLine) error) error {
	from := time.Date(day.Year(), day.Month(), day.Day(), 0, 0, 0, 0, postern.Beijing)
	after := ""
	for {
		rows, err := e.Store.FacadeDay(ctx, a.MerchantID, a.ID, from, from.AddDate(0, 0, 1), after, billPage)
		if err != nil {
			return err
		}
		for _, row := range rows {
			order, err := e.Store.FacadeOrderOf(ctx, a.MerchantID, row.PaymentID)
			if err != nil {
				return err
			}
			state, err := e.Store.LoadState(ctx, a.MerchantID, row.PaymentID)
			if err != nil {
				return err
			}
			known, err := e.knownOrder(ctx, a, order, state)
			if err != nil {
				return err
			}
			l := provider.FaceLine{Order: known, At: time.UnixMicro(row.At).In(postern.Beijing)}
			if row.RefundID != "" {
				x, err := e.Store.FacadeRefundOf(ctx, a.MerchantID, row.RefundID)
				if err != nil {
					return err
				}
				refund, err := e.facedRefund(ctx, x)
				if err != nil {
					return err
				}
				l.Refund = &refund
			}
			if err := line(l); err != nil {
				return err
			}
			after = row.ID
		}
		if len(rows) < billPage {
			return nil
		}
	}
}

// MissedFaced counts a call that a facade does not have.
func (e *Engine) MissedFaced(ctx context.Context, a postern.FacadeAccount, what string) error {
	day := e.now().In(postern.Beijing)
	return e.Store.CountMissed(ctx, a.MerchantID, a.ID, cut(strings.ToValidUTF8(what, "?"), maxDescription), int64(day.Year()*10000+int(day.Month())*100+day.Day()))
}

// ForwardFaced sends a request about an order of before the switch-over to the provider itself. It is signed anew with the former account's own keys, which only the
// provider's own code can do; see provider.Forwarder.
func (e *Engine) ForwardFaced(ctx context.Context, a postern.FacadeAccount, request provider.ForwardRequest) (provider.Forwarded, bool, error) {
	forwarder, ok := e.Registry[a.Provider].(provider.Forwarder)
	if !ok || a.FormerChannelID == "" {
		return provider.Forwarded{}, false, nil
	}
	channel, err := e.Store.Channel(ctx, a.MerchantID, a.FormerChannelID)
	if err != nil {
		return provider.Forwarded{}, false, err
	}
	call, err := e.callFor(ctx, channel)
	if err != nil {
		return provider.Forwarded{}, false, err
	}
	ctx, cancel := context.WithTimeout(ctx, call.Timeout)
	defer cancel()
	answer, err := forwarder.Forward(ctx, call, request)
	return answer, true, err
}
