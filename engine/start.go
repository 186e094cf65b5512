package engine

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"postern"
	"postern/provider"
	"postern/route"
	"postern/store"
)

// StartInput says how a buyer wants to pay. Provider and Product may be empty: then the plan decides.
type StartInput struct {
	Provider string
	Product  string
	// ChannelID, when it is given, is the one channel over which to start: nothing else is tried in its place.
	ChannelID string
	AuthCode  string
	PayerID   string
	ClientIP  string
	UserAgent string
	ReturnURL string
	Buyer     route.Buyer
	// Fields go on to the connector as they are: an order's own words, for one that a facade hands on to its provider.
	Fields map[string]string
	// Request is the idempotency row, if any. Each attempt's commit writes the attempt's id into it, so that a repetition after a crash finds the attempt
	// instead of starting (and charging) again; the caller finishes the row when the start has an outcome.
	Request *store.Request
}

// Bounds of what a start takes.
const (
	maxAuthCode = 64
	maxPayerID  = 128
)

// check refuses what no provider takes, before anything is written.
func (in StartInput) check() error {
	if err := checkText("auth_code", in.AuthCode, 0, maxAuthCode); err != nil {
		return err
	}
	if err := checkText("payer_id", in.PayerID, 0, maxPayerID); err != nil {
		return err
	}
	if in.ClientIP != "" {
		if ip, err := netip.ParseAddr(in.ClientIP); err != nil || ip.Zone() != "" {
			return postern.Invalid("client_ip", postern.CodeInvalid, "client_ip is not an IP address", "send the buyer's address, as 203.0.113.7")
		}
	}
	return checkReturnURL(in.ReturnURL)
}

// StartResult is the attempt to show, or, when no candidate could be started, why the last one could not.
type StartResult struct {
	State   postern.State
	Attempt postern.Attempt
	// Waiting is set when the start is still unanswered: ask again.
	Waiting bool
}

// firstLook is when an order that was only taken in is first asked after: most are paid by then, and somebody waits at a counter.
const firstLook = 1500 * time.Millisecond

// reuseMargin is how much life an attempt must have left to be shown again.
const reuseMargin = 30 * time.Second

// errRaced is wrapped by the error of a start that lost to another one at the same moment: what it loaded is out of date, and a second look finds the winner.
var errRaced = errors.New("engine: another start of this payment was faster")

// Start starts an attempt: it commits the attempt before a byte leaves, calls the provider, commits the answer and returns the action. Candidates of the
// plan are tried in order while a refusal proves that no money moved, or while an unanswered start cannot have been seen by a buyer.
func (e *Engine) Start(ctx context.Context, merchantID, paymentID string, in StartInput) (result StartResult, err error) {
	in.AuthCode = strings.TrimSpace(in.AuthCode) // scanners end a line
	if err := in.check(); err != nil {
		return StartResult{}, err
	}
	ctx = context.WithoutCancel(ctx) // A buyer who closes the page does not turn a provider's answer into an unknown one.
	for range maxTries {
		if result, err = e.startOnce(ctx, merchantID, paymentID, in); !errors.Is(err, errRaced) {
			break
		}
	}
	return result, err
}

func (e *Engine) startOnce(ctx context.Context, merchantID, paymentID string, in StartInput) (StartResult, error) {
	state, err := e.Store.LoadState(ctx, merchantID, paymentID)
	if err != nil {
		return StartResult{}, err
	}
	if code, ended := state.Payment.Ended(e.now()); ended {
		return StartResult{State: state}, &postern.Error{Code: code, Op: "engine.Start", Message: "the payment takes no new attempt", ID: paymentID}
	}
	if in.AuthCode != "" {
		if in.Buyer.HasCode, in.Buyer.CodeOf = true, e.theWall().CodeOf(in.AuthCode); len(in.Buyer.CodeOf) == 0 {
			return StartResult{State: state}, postern.Invalid("auth_code", postern.CodeInvalid, "this is no wallet's payment code", "scan the code that the buyer's wallet shows under pay, all its digits")
		}
	}
	plan, err := e.Plan(ctx, state.Payment, in.Buyer, in.Provider, in.Product)
	if err != nil {
		return StartResult{}, err
	}
	candidates := in.bound(e.ready(plan, in))
	if len(candidates) == 0 {
		return StartResult{State: state}, &postern.Error{Code: postern.CodeNoRoute, Op: "engine.Start", Message: "no way of paying works here: " + reasons(plan), Fix: "open the checkout link in another app, or ask for another product"}
	}
	if again, ok := reusable(state, candidates[0], in, e.now()); ok {
		return e.showAgain(ctx, state, again, in)
	}
	if state, err = e.release(ctx, state); err != nil {
		return StartResult{State: state}, err
	}
	return e.tryCandidates(ctx, state, plan, candidates, in)
}

// bound leaves the candidates of the channel that was asked for.
func (in StartInput) bound(all []route.Candidate) []route.Candidate {
	if in.ChannelID == "" {
		return all
	}
	var own []route.Candidate
	for _, c := range all {
		if c.ChannelID == in.ChannelID {
			own = append(own, c)
		}
	}
	return own
}

func (e *Engine) tryCandidates(ctx context.Context, state postern.State, plan route.Plan, candidates []route.Candidate, in StartInput) (StartResult, error) {
	deadline := e.now().Add(e.startTimeout())
	var result StartResult
	var last error
	for i, c := range candidates {
		left := deadline.Sub(e.now())
		if left <= 0 {
			break
		}
		if i < len(candidates)-1 {
			left = min(left, e.startTimeout()/2) // One that stays silent must leave time for the next.
		}
		var again bool
		result, again, last = e.startOne(ctx, state, plan, c, in, left)
		if !again {
			return result, last
		}
		state = result.State
	}
	if result.Attempt.Status == postern.AttemptUnknown {
		result.Waiting = true
		return result, nil
	}
	return result, last
}

// startOne tries one candidate. Again says that the next candidate may be tried.
func (e *Engine) startOne(ctx context.Context, state postern.State, plan route.Plan, c route.Candidate, in StartInput, left time.Duration) (result StartResult, again bool, err error) {
	channel, err := e.Store.Channel(ctx, state.Payment.MerchantID, c.ChannelID)
	if err != nil {
		return StartResult{State: state}, false, err
	}
	call, err := e.callFor(ctx, channel)
	if err != nil {
		return StartResult{State: state}, false, err
	}
	generation, err := call.Newest()
	if err != nil {
		return StartResult{State: state}, true, postern.Wrap(postern.CodeNoRoute, "engine.Start", err)
	}
	connector := e.Registry[channel.Provider]
	product, _ := connector.Describe().Product(c.Product)
	if product.NeedsPayer && in.PayerID == "" {
		return StartResult{State: state}, false, postern.Invalid("payer_id", postern.CodeInvalid, "this product wants the payer's id", "send payer_id, or let the buyer open the checkout link")
	}
	leave, ok := e.enter(ctx, channel, "start")
	if !ok { // Before the attempt is committed: what was never tried says nothing about the channel.
		return StartResult{State: state}, true, &postern.Error{Code: postern.CodeRateLimited, Op: "engine.Start", Message: "too many calls to this wallet are under way", Fix: "try again in a few seconds"}
	}
	defer leave()
	attempt := e.newAttempt(state.Payment, channel, product, generation.ID, plan, in)
	starts := postern.AttemptStarts{Attempt: attempt}
	if product.AcceptsFirst {
		starts.FirstLook = firstLook
	}
	facts := []postern.Fact{starts}
	if product.ChargesAtOnce {
		facts = append(facts, postern.AttemptShown{AttemptID: attempt.ID})
	}
	buyer := e.buyer(attempt, in)
	state, err = e.step(ctx, stepInput{
		op: "engine.Start", merchantID: attempt.MerchantID, paymentID: attempt.PaymentID,
		decide: func(postern.State) ([]postern.Fact, error) { return facts, nil },
		also: func(_ postern.State, ch *store.Change) {
			ch.Buyers, ch.Request = append(ch.Buyers, buyer), in.began(attempt.ID)
		},
	})
	if postern.CodeOf(err) == postern.CodeAttemptLive {
		err = fmt.Errorf("%w: %w", errRaced, err)
	}
	if err != nil {
		return StartResult{State: state}, false, err
	}
	attempt, _ = state.Attempt(attempt.ID)
	answer, err := e.callStart(ctx, connector, call, attempt, state.Payment, in, left)
	if err != nil {
		return StartResult{State: state, Attempt: attempt}, false, err
	}
	return e.afterStart(ctx, channel, attempt, answer, in)
}

// callStart makes the provider call, between two commits.
func (e *Engine) callStart(ctx context.Context, connector provider.Connector, call provider.Call, attempt postern.Attempt, p postern.Payment, in StartInput, left time.Duration) (provider.Result, error) {
	if err := e.fault(ctx, "engine.start.before_call"); err != nil {
		return provider.Result{}, err
	}
	returnURL := in.ReturnURL
	if returnURL == "" {
		returnURL = e.CheckoutURL(p.LinkToken)
	}
	bounded, cancel := context.WithTimeout(ctx, min(left, call.Timeout))
	defer cancel()
	answer := connector.Start(bounded, call, provider.StartRequest{
		Attempt: attempt, Description: p.Description, NotifyURL: e.NotifyURL(attempt), ReturnURL: returnURL, QuitURL: e.CheckoutURL(p.LinkToken),
		ClientIP: in.ClientIP, PayerID: in.PayerID, AuthCode: in.AuthCode, ProfitSharing: p.ProfitSharing, OS: in.Buyer.OS, Form: in.Buyer.Form, Fields: in.Fields,
	})
	return answer, e.fault(ctx, "engine.start.after_call")
}

// afterStart commits the provider's answer and decides whether the next candidate may be tried.
func (e *Engine) afterStart(ctx context.Context, channel postern.Channel, attempt postern.Attempt, answer provider.Result, in StartInput) (StartResult, bool, error) {
	state, err := e.applyResult(ctx, attempt, answer, answer.State == provider.Pending && answer.Action.Type != "")
	if err != nil {
		return StartResult{State: state, Attempt: attempt}, false, err
	}
	attempt, _ = state.Attempt(attempt.ID)
	result := StartResult{State: state, Attempt: attempt}
	e.troubled(ctx, channel, attempt.Product, answer)
	switch {
	case attempt.Status == postern.AttemptPaid:
		return result, false, nil
	case !attempt.Exposed() && (!attempt.CloseRequestedAt.IsZero() || answer.State == provider.Pending && !attempt.Status.Live()):
		result, err = e.overtaken(ctx, state, attempt, in)
		return result, false, err
	case attempt.Status == postern.AttemptPending && attempt.Action.Type != "":
		return result, false, nil
	case attempt.Status.Live() && attempt.Exposed():
		result.Waiting = true
		return result, false, nil
	case attempt.Status.Live():
		// Nobody has seen it: nobody can pay it. It is closed in the background while the next candidate is tried.
		result.State, err = e.wantClose(ctx, attempt, 0)
		return result, err == nil, err
	}
	if in.AuthCode != "" && !answer.Class.MayFailOver() {
		return result, false, nil // A till reads the attempt's outcome; that a buyer's code was declined is no error of the caller's.
	}
	return result, answer.Class.MayFailOver(), refused(attempt.ID, answer)
}

// overtaken answers a start whose attempt was set aside before its action could be shown: another tab chose after this one, or the payment ended. The same
// choice made twice shows the later attempt to both.
func (e *Engine) overtaken(ctx context.Context, s postern.State, a postern.Attempt, in StartInput) (StartResult, error) {
	result := StartResult{State: s, Attempt: a}
	if code, ended := s.Payment.Ended(e.now()); ended {
		return result, &postern.Error{Code: code, Op: "engine.Start", Message: "the payment ended while the provider answered", ID: s.Payment.ID}
	}
	if again, ok := reusable(s, route.Candidate{ChannelID: a.ChannelID, Product: a.Product}, in, e.now()); ok {
		return e.showAgain(ctx, s, again, in)
	}
	other := a.ID
	for _, o := range s.Live() {
		if o.ID == a.ID || !o.CloseRequestedAt.IsZero() {
			continue
		}
		if o.ChannelID == a.ChannelID && o.Product == a.Product && o.PayerHash == a.PayerHash {
			return StartResult{State: s, Attempt: o, Waiting: true}, nil
		}
		other = o.ID
	}
	return result, &postern.Error{Code: postern.CodeAttemptLive, Op: "engine.Start", Message: "another choice was made while this wallet answered", Fix: "read the payment, or choose again", ID: other}
}

// refused is the error of a start that the provider refused; it names the attempt, which keeps the provider's words.
func refused(attemptID string, answer provider.Result) error {
	code := postern.CodeProviderRefused
	if answer.Class == provider.ClassInvalid && answer.Field != "" {
		code = postern.CodeInvalid
	}
	return &postern.Error{Code: code, Op: "engine.Start", ID: attemptID, Field: answer.Field, Message: "the provider refused: " + answer.Code + " " + answer.Message, Fix: "see the attempt's provider_code, or try another wallet"}
}

func (e *Engine) newAttempt(p postern.Payment, c postern.Channel, product provider.ProductInfo, generationID string, plan route.Plan, in StartInput) postern.Attempt {
	now := e.now()
	expires := now.Add(postern.MaxAttemptLife)
	if p.ExpiresAt.Before(expires) {
		expires = p.ExpiresAt
	}
	if least := now.Add(postern.MinAttemptLife); expires.Before(least) {
		expires = least
	}
	if product.Life > 0 {
		expires = now.Add(product.Life) // not the provider's expiry but ours: then it is reversed
	}
	text, err := json.Marshal(plan)
	if err != nil {
		text = []byte("{}") // The plan is an explanation; a payment does not fail for want of one.
	}
	return postern.Attempt{
		MerchantID: p.MerchantID, ID: e.newID(postern.PrefixAttempt), PaymentID: p.ID, ChannelID: c.ID, CredentialSetID: c.CredentialSetID, GenerationID: generationID,
		Provider: c.Provider, Product: product.Code, Number: postern.NewNumber(now, e.Env.Rand), Amount: p.Amount, Currency: p.Currency,
		PayerHash: payerHash(in.PayerID), Container: in.Buyer.Container, ExpiresAt: expires, Plan: string(text), CreatedAt: now, UpdatedAt: now,
	}
}

// payerHash tells two payers of a payment apart without keeping who they are in a money row.
func payerHash(payerID string) string {
	if payerID == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(payerID))
	return hex.EncodeToString(sum[:8])
}

// reusable finds a live attempt of the same product and payer whose action can still be shown.
func reusable(s postern.State, c route.Candidate, in StartInput, now time.Time) (postern.Attempt, bool) {
	for _, a := range s.Live() {
		if a.ChannelID == c.ChannelID && a.Product == c.Product && a.PayerHash == payerHash(in.PayerID) && a.Status == postern.AttemptPending && a.Action.Type != "" &&
			a.CloseRequestedAt.IsZero() && in.AuthCode == "" && now.Add(reuseMargin).Before(a.ExpiresAt) && (a.Action.ExpiresAt == nil || now.Add(reuseMargin).Before(*a.Action.ExpiresAt)) {
			return a, true
		}
	}
	return postern.Attempt{}, false
}

// showAgain answers with a live attempt, after a write of its own: nothing that asks for a change is answered from what may not be durable.
func (e *Engine) showAgain(ctx context.Context, s postern.State, a postern.Attempt, in StartInput) (StartResult, error) {
	change := store.Change{MerchantID: a.MerchantID, At: e.now(), Buyers: []store.Buyer{e.buyer(a, in)}, Request: in.began(a.ID)}
	if err := e.commit(ctx, change); err != nil {
		return StartResult{State: s}, err
	}
	return StartResult{State: s, Attempt: a}, nil
}

// began is the request's row with the attempt that the request led to.
func (in StartInput) began(attemptID string) *store.Request {
	if in.Request == nil {
		return nil
	}
	request := *in.Request
	request.ObjectID = attemptID
	return &request
}

func (e *Engine) buyer(a postern.Attempt, in StartInput) store.Buyer {
	return store.Buyer{MerchantID: a.MerchantID, AttemptID: a.ID, PayerID: in.PayerID, ClientIP: in.ClientIP, UserAgent: in.UserAgent, CreatedAt: e.now()}
}

// NotifyURL is where the provider tells about an attempt: [0-9a-z] only in its last part, no query, no `~`.
func (e *Engine) NotifyURL(a postern.Attempt) string {
	return e.CallbackURL + "/n/" + postern.CallbackID(a.MerchantID, a.ID)
}

func (e *Engine) startTimeout() time.Duration {
	if e.StartTimeout > 0 {
		return e.StartTimeout
	}
	return defaultStartTimeout
}

// reasons lists why each candidate was dropped, for people.
func reasons(p route.Plan) string {
	if len(p.Candidates) == 0 {
		return "the merchant has no channel"
	}
	text := ""
	for i, c := range p.Candidates {
		if i > 0 {
			text += ", "
		}
		text += c.Provider + " " + c.Product + " " + c.Reason
	}
	return text
}
