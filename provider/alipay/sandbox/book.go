package sandbox

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"strings"
	"time"

	"postern/provider/alipay/wire"
)

// statusUnscanned is our word for an order of which only a code exists: at Alipay there is no trade yet, and a query says so.
const statusUnscanned = "CODE_NOT_SCANNED"

// finishAfter is how long a paid trade can be refunded (documented: 12 months).
const finishAfter = 365 * 24 * time.Hour

// openingBalance is what every buyer's wallet starts with, in fen: enough for any order and never printed.
const openingBalance = 1_000_000_000_000_00

// order is one order of a merchant. Before tradeNo is set there is no trade, only a code. Amounts are in fen.
type order struct {
	account    Account
	op         string // native, h5, page, jsapi, barcode
	outTradeNo string
	tradeNo    string
	code       string // random part of the address that opens the order
	subject    string
	body       string
	passback   string
	amount     int64
	buyer      string // user id, empty before a buyer came
	fixedBuyer bool   // the merchant named the buyer when ordering
	status     string
	signType   string
	notifyURL  string
	returnURL  string
	quitURL    string
	terms      string // what must not change when the number is sent again
	created    time.Time
	codeUntil  time.Time // the code opens nothing from here on
	expires    time.Time
	paid       time.Time
	closed     time.Time
	refunds    []*refund
	refunded   int64
	frozen     bool // what was paid waits to be shared
	finished   bool // nothing is shared any more
	shares     []share
}

type refund struct {
	no     string
	amount int64
	reason string
	at     time.Time
}

// book is every order and every wallet. Sandbox.mu guards it.
type book struct {
	all    []*order
	byOut  map[string]*order // seller and out_trade_no
	byNo   map[string]*order // trade_no
	byCode map[string]*order
	wallet map[string]int64 // balance in fen by user id
	grants map[string]grant
	denied map[string]map[string]bool // acts withdrawn, by seller
	files  map[string]billFile        // bills whose address was given out
	shown  map[string]*shownCode      // payment codes that buyers showed

	receivers map[string]bool // who may get a part, by seller, kind and account
}

func newBook() book {
	return book{byOut: map[string]*order{}, byNo: map[string]*order{}, byCode: map[string]*order{}, wallet: map[string]int64{}, grants: map[string]grant{}, shown: map[string]*shownCode{}, denied: map[string]map[string]bool{}, files: map[string]billFile{}, receivers: map[string]bool{}}
}

// settle lets time pass over an order: unpaid trades close when they expire, paid ones finish when refunds are over.
func (o *order) settle(now time.Time) {
	switch {
	case o.status == wire.WaitBuyerPay && !now.Before(o.expires):
		o.status, o.closed = wire.TradeClosed, o.expires
	case o.status == wire.TradeSuccess && !now.Before(o.paid.Add(finishAfter)):
		o.status = wire.TradeFinished
	}
}

// exists says that there is a trade, and not merely a code.
func (o *order) exists() bool { return o.tradeNo != "" }

// find looks a trade up as the API does: by trade_no first, else by out_trade_no; only the same seller's, and only if it exists.
func (s *Sandbox) find(c call) *order {
	o := s.book.byOut[c.account.SellerID+"/"+c.biz.Text("out_trade_no")]
	if no := c.biz.Text("trade_no"); no != "" {
		o = s.book.byNo[no]
	}
	if o == nil || !o.exists() || o.account.SellerID != c.account.SellerID {
		return nil
	}
	o.settle(c.now)
	if o.status == wire.WaitBuyerPay && (c.op == opClose || c.op == opCancel || c.op == opQuery) {
		if _, ok := s.faults.Take(c.op, FaultLateBuyer); ok {
			if _, err := s.pay(o, ""); err != nil {
				s.cfg.Log.Warn("the late buyer could not pay", "order", o.outTradeNo, "reason", err)
			}
		}
	}
	return o
}

// add puts a new order into the book.
func (s *Sandbox) add(o *order) {
	s.book.all = append(s.book.all, o)
	s.book.byOut[o.account.SellerID+"/"+o.outTradeNo] = o
	if o.code != "" {
		s.book.byCode[o.code] = o
	}
}

// open turns a code into a trade.
func (s *Sandbox) open(o *order, buyer string, now time.Time) {
	o.tradeNo = now.In(wire.Beijing).Format("20060102") + "22001" + s.digits(15)
	o.status, o.buyer, o.created = wire.WaitBuyerPay, buyer, now
	s.book.byNo[o.tradeNo] = o
	if s.notifiesClosed(o.op) {
		s.notifyTimeout(o, o.expires.Sub(now))
	}
}

// balance is what a buyer's wallet holds, in fen.
func (s *Sandbox) balance(buyer string) int64 {
	if b, ok := s.book.wallet[buyer]; ok {
		return b
	}
	return openingBalance
}

// userID is the simulated Alipay's number of a buyer: 2088 and 12 digits made from the name, or the name itself if it is such a number.
func userID(payer string) string {
	if payer == "" {
		payer = DefaultBuyer
	}
	if len(payer) == 16 && strings.HasPrefix(payer, "2088") && strings.Trim(payer, "0123456789") == "" {
		return payer
	}
	sum := sha256.Sum256([]byte("alipay sandbox buyer " + payer))
	return fmt.Sprintf("2088%012d", binary.BigEndian.Uint64(sum[:8])%1_000_000_000_000)
}

// logonID is the masked login that answers and notifications show.
func logonID(buyer string) string { return "158****" + buyer[len(buyer)-4:] }
