package provider

import (
	"bytes"
	"context"
	"io"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"time"

	"postern"
)

// Faced is a connector whose protocol merchants may speak to us: it turns their messages into calls on a Gateway, and what the gateway says into the provider's own
// bytes. Like a connector it is stateless: accounts, keys and orders come from the gateway.
type Faced interface {
	Connector
	// Face describes the account that a merchant is issued.
	Face() FaceDescription
	// ServeFace answers one request at the root of the facade's own host, in the provider's protocol and in no other shape, errors included.
	ServeFace(w http.ResponseWriter, r *http.Request, g Gateway)
	// Notice makes the message that tells the merchant's server of an order or of a refund. ID names the cause and is the same on each retry; false means that the
	// provider does not tell of this.
	Notice(a FaceAccount, o FacedOrder, refund *FacedRefund, id string, now time.Time) (FaceNotice, bool, error)
	// NoticeAcknowledged says whether a merchant's answer stops the retries.
	NoticeAcknowledged(status int, body []byte) bool
	// ReturnURL is where a buyer goes after a page payment: the merchant's own address with what the provider adds to it, signed.
	ReturnURL(a FaceAccount, o FacedOrder, now time.Time) (string, error)
}

// FaceDescription is what a merchant is issued, and what the switch must know to issue it.
type FaceDescription struct {
	// Number mints an account number in the provider's format (an app_id, an mchid), TradeNo a transaction number. Both are stored once and never change.
	Number  func(now time.Time, random func(n int) int) string
	TradeNo func(now time.Time, random func(n int) int) string
	// Mint makes the text of an own field of the kind secret that has a form of its own (the id of a public key); nil, or "" for a field, leaves it to the switch: 32
	// letters and digits.
	Mint func(field string, random func(n int) int) string
	// Public names own fields that are no secrets although they are texts.
	Public []string
	// Settings are the account's public facts beside its number.
	Settings []Field
	// Keys are the fields of one generation. Field.Own marks those that the switch makes (its signing key, its certificate, a secret that it tells the merchant once);
	// the others the merchant gives.
	Keys []KeyField
	// ShortSerials says that the serial numbers of the provider's certificates have less than 128 bits, and so must ours: some of its clients read no others.
	ShortSerials bool
	// OneRefundNumber says that a refund's number is unique in the whole account and not in its order alone.
	OneRefundNumber bool
	// Retries are the waits before each new try of a notice.
	Retries []time.Duration
	// Paste says, per SDK, what the merchant changes: texts for people, which Fill completes.
	Paste []PasteHelp
}

// PasteHelp says what to paste where for one SDK.
type PasteHelp struct {
	SDK string
	ZH  string
	EN  string
}

// Fill writes a facade's address, its scheme (http or https) and host, the account's number and the serial number of its certificate in the place of {base_url}, {scheme}, {host},
// {number} and {serial}.
func (p PasteHelp) Fill(base, number, serial string) (zh, en string) {
	scheme, host, _ := strings.Cut(base, "://")
	fill := strings.NewReplacer("{base_url}", base, "{scheme}", scheme, "{host}", host, "{number}", number, "{serial}", serial)
	return fill.Replace(p.ZH), fill.Replace(p.EN)
}

// FaceAccount is an account that the switch has issued to a merchant, with its keys as handles.
type FaceAccount struct {
	MerchantID string
	ID         string
	// Number is the app_id or mchid.
	Number   string
	Name     string
	Live     bool
	BaseURL  string // of the facade, without a trailing slash
	Settings map[string]string
	// Keys are the generations that may verify, the one that signs first.
	Keys []Generation
	Now  time.Time
}

// FaceKey names an order: by the merchant's number or by the provider's (ours). With both, TradeNo decides.
type FaceKey struct {
	Number  string
	TradeNo string
}

// FaceOrder is an order as a merchant's code asks for it. Amount is in minor units. Fields are the provider's own parameters, kept byte for byte for answers and
// notices. Fingerprint is a hash over what may not change when the number comes again.
type FaceOrder struct {
	Number      string
	Amount      int64
	Currency    string
	Subject     string
	Items       []postern.Item
	ExpiresAt   time.Time // zero: the gateway's own bound
	NotifyURL   string
	ReturnURL   string
	Product     string // as the merchant asked: page, h5, native, barcode, jsapi, app
	ClientIP    string
	PayerID     string
	Fields      map[string]string
	Fingerprint string
}

// FacedOrder is an order as the gateway knows it.
type FacedOrder struct {
	FaceOrder
	TradeNo   string
	PaymentID string
	Status    postern.PaymentStatus
	// CashierURL is the hosted page that takes any wallet, for products that send the buyer somewhere.
	CashierURL string
	// Wallet is the provider that took the money, PayerID who paid there, if it is known; empty before.
	Wallet     string
	CreatedAt  time.Time
	PaidAt     time.Time
	EndedAt    time.Time
	Refunded   int64 // given back and done
	Refunding  int64 // reserved or under way
	Attempted  bool  // a buyer has begun to pay: before that some providers say that there is no such order
	BarcodeSay ChargeState
}

// ChargeState is what became of a barcode.
type ChargeState string

// States of a charge by barcode. ChargeUnknown means that nobody knows: the merchant must ask.
const (
	ChargePaid     ChargeState = "paid"
	ChargeWaiting  ChargeState = "waiting"
	ChargeDeclined ChargeState = "declined"
	ChargeUnknown  ChargeState = "unknown"
)

// FaceRefund is a refund as a merchant's code asks for it. Number is the merchant's own; the same number again is the same refund (see OneRefundNumber).
type FaceRefund struct {
	Order     FaceKey
	Number    string
	Amount    int64
	Total     int64 // what the merchant believes the order's amount is; zero says nothing
	Reason    string
	NotifyURL string
	Fields    map[string]string
}

// FacedRefund is a refund as the gateway knows it. TradeNo is ours, in the provider's format.
type FacedRefund struct {
	FaceRefund
	TradeNo   string
	Status    postern.RefundStatus
	CreatedAt time.Time
	DoneAt    time.Time
	// Fresh says that this call made it.
	Fresh bool
}

// ReversalNumber is the number of the nth refund that a reversal makes, which no merchant chose: the character at its beginning is legal in no provider's numbers.
func ReversalNumber(n int) string { return "~reverse" + strconv.Itoa(n) }

// Reversal says that a refund was made by a reversal.
func (r FaceRefund) Reversal() bool { return strings.HasPrefix(r.Number, "~reverse") }

// FaceNotice is a message to a merchant's server.
type FaceNotice struct {
	URL    string
	Method string
	Header http.Header
	Body   []byte
}

// FaceLine is one line of a merchant's bill: a payment, or a refund (Refund set).
type FaceLine struct {
	Order  FacedOrder
	Refund *FacedRefund
	At     time.Time
	Fee    int64
}

// Gateway is what a facade may ask of the switch. Errors are *postern.Error: CodeNotFound (no such account, order or refund), CodeReferenceTaken (the number came
// again with another fingerprint, with the order that has it beside the error), CodeAlreadyPaid, CodePaymentClosed, CodeRefundExceeds, CodeNothingToRefund, CodeInvalid with its
// Field, CodeNoRoute (no wallet takes it), CodeForbidden, CodeRateLimited; anything else is the provider's word for "try again". No request for a change is answered with success
// unless this very request committed a write.
type Gateway interface {
	// ClientCertificate is the X.509 DER of the certificate with which the client of a request proved that it has the key, on the connection itself or as the TLS terminator
	// in front of us says whom the operator named; nil without one. Whose it is, the provider's code looks up.
	ClientCertificate(r *http.Request) []byte
	// Account finds an issued account by its number; CodeNotFound when it is none or disabled.
	Account(ctx context.Context, number string) (FaceAccount, error)
	// Place makes the payment of a merchant's number, or finds it again when everything is as before.
	Place(ctx context.Context, a FaceAccount, o FaceOrder) (FacedOrder, error)
	// Relay places an order and begins it at the provider itself, over the merchant's own account, so that the merchant's code can finish it there with its own key, which is
	// signed: the one under which this request was verified. CodeNotSupported, with nothing placed, when number, app and key pair are not the same behind both. See Relayer.
	Relay(ctx context.Context, a FaceAccount, o FaceOrder, signed Verifier) (Relayed, error)
	// Charge places an order and charges a scanned code of any wallet.
	Charge(ctx context.Context, a FaceAccount, o FaceOrder, authCode string) (FacedOrder, error)
	Find(ctx context.Context, a FaceAccount, key FaceKey) (FacedOrder, error)
	// ReturnTo says where the buyer of an order goes after it, where a protocol says so in the buyer's browser; the first address is kept. CodeInvalid for one that is none.
	ReturnTo(ctx context.Context, a FaceAccount, key FaceKey, address string) (FacedOrder, error)
	// Close ends an order that nobody has paid: CodeAlreadyPaid when the money is there. The order may be processing still: its provider has not answered.
	Close(ctx context.Context, a FaceAccount, key FaceKey) (FacedOrder, error)
	// Reverse ends an order whatever its state: closed when unpaid, given back when paid; the order says which.
	Reverse(ctx context.Context, a FaceAccount, key FaceKey) (FacedOrder, error)
	Refund(ctx context.Context, a FaceAccount, in FaceRefund) (FacedOrder, FacedRefund, error)
	FindRefund(ctx context.Context, a FaceAccount, order FaceKey, number string) (FacedOrder, FacedRefund, error)
	// Refunds are all of an order's, oldest first.
	Refunds(ctx context.Context, a FaceAccount, o FacedOrder) ([]FacedRefund, error)
	// Bill calls line for everything that was paid or given back on a day of Beijing, in order of time.
	Bill(ctx context.Context, a FaceAccount, day time.Time, line func(FaceLine) error) error
	// ResolvePayer trades a buyer's authorisation for who it is, where the merchant's own account at the provider can.
	ResolvePayer(ctx context.Context, a FaceAccount, code string) (payerID string, err error)
	// Missed counts a call that the facade does not have, so that the operator sees what merchants miss.
	Missed(ctx context.Context, a FaceAccount, what string)
	// Forward sends a request about an order of before the switch-over to the provider itself, with the merchant's former account, and returns its answer; false
	// when there is no former account, or the provider's code cannot.
	Forward(ctx context.Context, a FaceAccount, request ForwardRequest) (Forwarded, bool, error)
	// Token makes an opaque, signed, short-lived text out of plain facts (a bill's day), and reads it back; nothing is stored.
	Token(facts string, ends time.Time) string
	OpenToken(token string, now time.Time) (facts string, ok bool)
}

// Forwarder is a connector that can hand a merchant's request on to the provider: signed anew with the account's own keys, its answer verified.
type Forwarder interface {
	Forward(ctx context.Context, call Call, request ForwardRequest) (Forwarded, error)
}

// ForwardRequest is a merchant's request as it came. Target is path and query as on the wire.
type ForwardRequest struct {
	Method string
	Target string
	Header http.Header
	Body   []byte
}

// Forwarded is the provider's verified answer: what it says, without its signature, which the facade replaces with ours.
type Forwarded struct {
	Status int
	Header http.Header
	Body   []byte
}

// Relayer is a Faced connector whose merchants finish an order at the provider themselves: their code signs the provider's answer, and the wallet checks that signature.
type Relayer interface {
	Faced
	// Relays lists as which products an order can be begun over the merchant's own account at the provider so that the wallet takes what the merchant's code makes of the answer:
	// the same number, the same app, and one key pair behind what the account signs with and what the request was verified with. None where anything differs.
	Relays(former Call, number string, o FaceOrder, signed Verifier) []string
}

// Relayed is an order that was begun at the provider itself: Action is what its connector made of the provider's answer. Beside an error, Code and Message are the provider's own
// words of a refusal, if it said any.
type Relayed struct {
	Order   FacedOrder
	Action  postern.Action
	Code    string
	Message string
}

// Adopter is a Faced connector to which a shop's code can be switched over by command: it says which calls are covered, what an account at the provider itself gives to the
// issued one, and how to try that.
type Adopter interface {
	Faced
	// Covers says what the facade does with a request that a shop's code made, by the tables that ServeFace dispatches by. Target is path and query; body may be missing, as
	// in an access log. False: this is no call of the protocol.
	Covers(method, target string, body []byte) (Coverage, bool)
	// Takeover says what an issued account takes over of one at the provider: settings and keys are those of Description. Public returns the public half of a private key
	// field, as PEM. The number follows from the settings alone, and is there beside an error.
	Takeover(settings map[string]string, keys map[string][]byte, public func(field string) ([]byte, error)) (Takeover, error)
	// Facing turns a call over the former account into calls to the facade at base, as the shop's code makes them after the switch-over: with the shop's own request key, and
	// believing the facade's key alone.
	Facing(former Call, a FaceAccount, base string) (FaceTrial, error)
	// Changes lists what a shop's code has otherwise after the switch-over, whatever SDK it uses. Public are the issued account's public facts, by field.
	Changes(base string, public map[string]string) []FaceChange
}

// FaceChange is one value that changes in a shop's code: Value as it is pasted, and Files, the public facts that are installed as files, by field. Or says that it is for code that
// has this in the place of the one before it.
type FaceChange struct {
	ZH    string
	EN    string
	Value string
	Files []string
	Or    bool
}

// FaceTrial is how a facade is tried as a shop's code will use it. The order is a small one that charges nobody; its number and its end are the caller's.
type FaceTrial struct {
	Call  Call
	Start StartRequest
	// Before asks for orders of before the switch-over, in the version of the protocol that the shop's account speaks.
	Before Call
}

// Coverage is what a facade does with one call.
type Coverage struct {
	// Name is the call without any number, key or name of a person in it.
	Name    string
	Covered bool
	// PassesOn says that an order of before the switch-over is asked for at the provider itself.
	PassesOn bool
	// Unsure says that it depends on what was not recorded: a body, as a rule.
	Unsure bool
	// Depends says that it depends on the account: it is done where the shop's own account at the provider is behind the issued one, and refused elsewhere.
	Depends bool
}

// Takeover is what an issued account has of the shop's account at the provider.
type Takeover struct {
	Number   string
	Settings map[string]string
	// Given are the public halves of what the shop's code signs with; Kept are secrets that the code has, in the place of new ones of the switch's own.
	Given map[string][]byte
	Kept  map[string][]byte
}

// Send sends a notice and reads at most limit bytes of the answer. A transport error is returned with status 0.
func Send(ctx context.Context, doer Doer, n FaceNotice, limit int64) (status int, body []byte, err error) {
	r, err := http.NewRequestWithContext(ctx, n.Method, n.URL, bytes.NewReader(n.Body))
	if err != nil {
		return 0, nil, err
	}
	r.GetBody = nil // nothing resends by itself
	maps.Copy(r.Header, n.Header)
	response, err := doer.Do(r)
	if err != nil {
		return 0, nil, err
	}
	defer func() { _ = response.Body.Close() }()
	body, err = io.ReadAll(io.LimitReader(response.Body, limit))
	return response.StatusCode, body, err
}
