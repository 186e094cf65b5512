package api

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"postern"
	"postern/engine"
	"postern/provider"
)

// StatementView is a page of a provider's bill.
type StatementView struct {
	Object     string              `json:"object" enum:"statement"`
	ChannelID  string              `json:"channel_id"`
	Kind       string              `json:"kind"`
	Date       string              `json:"date"`
	State      string              `json:"state" enum:"done,empty,not_ready" doc:"empty: nothing happened that day. not_ready: the provider has not made it yet."`
	Message    string              `json:"message,omitempty" doc:"The provider's own words for a bill that there is not."`
	Sum        *StatementSumView   `json:"sum" doc:"What the whole bill adds up to; null without one."`
	Lines      []StatementLineView `json:"lines"`
	NextCursor *string             `json:"next_cursor"`
}

// StatementSumView is what a whole bill adds up to.
type StatementSumView struct {
	Account string `json:"account" doc:"The provider's number of the account."`
	Lines   int64  `json:"lines"`
	Amount  int64  `json:"amount" doc:"Minor units, all rows: what was given back is negative."`
	Fee     int64  `json:"fee" doc:"Minor units, what the provider kept."`
}

// StatementLineView is one row of a bill.
type StatementLineView struct {
	Line         int64     `json:"line" doc:"Its place in the bill, from 1."`
	Kind         string    `json:"kind" enum:"payment,refund,fee,transfer,withdrawal,share,other"`
	TxnNo        string    `json:"txn_no" doc:"The provider's number of the payment."`
	Number       string    `json:"number,omitempty" doc:"The order's number that the provider knows."`
	RefundTxnNo  string    `json:"refund_txn_no,omitempty" doc:"The provider's number of the refund."`
	RefundNumber string    `json:"refund_number,omitempty"`
	Amount       int64     `json:"amount" doc:"Minor units, as the merchant sees it: a refund is negative."`
	Fee          int64     `json:"fee" doc:"Minor units, what the provider kept for this row; negative when it gave some back."`
	Currency     string    `json:"currency"`
	At           time.Time `json:"at"`
	Columns      []string  `json:"columns" doc:"The row as the provider wrote it."`
}

type statementIn struct {
	ID    string `path:"id"`
	Kind  string `path:"kind" maxLength:"32"`
	Date  string `query:"date" maxLength:"10" doc:"A day in the provider's zone (Beijing), as 2026-11-24; yesterday, if left out."`
	Limit int    `query:"limit" minimum:"1" maximum:"1000" default:"100" doc:"Rows per page."`
	After string `query:"after" maxLength:"18" doc:"The next_cursor of the page before."`
}

type statementOut struct{ Body StatementView }

// statementPatience bounds the download behind one request: the answer must still fit into the server's own deadline. Larger bills are the command's.
const statementPatience = 25 * time.Second

func (a *API) statements() {
	handle(a, op("get-statement", http.MethodGet, "/v1/channels/{id}/statements/{kind}", "Fetch a provider's bill",
		"The bill of a day, asked of the provider anew with each page and read whole before any row is shown: one that is cut off, edited or somebody else's is the problem statement_not_whole. "+
			"Nothing is changed. `postern statement fetch` writes the file itself, of any size.", http.StatusOK, http.StatusTooManyRequests, http.StatusBadGateway), a.getStatement)
}

func (a *API) getStatement(ctx context.Context, in *statementIn) (*statementOut, error) {
	c, err := a.channel(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	if key := callerOf(ctx).Key; key.OwnerID != postern.Platform && key.OwnerID != c.CredentialOwnerID {
		return nil, postern.E(postern.CodeForbidden, "api.getStatement", "the account is the partner's, and other merchants stand in its bills; ask the partner for yours")
	}
	if in.Date == "" {
		in.Date = a.Now().In(beijing).AddDate(0, 0, -1).Format(time.DateOnly)
	}
	day, err := time.ParseInLocation(time.DateOnly, in.Date, beijing)
	if err != nil {
		return nil, postern.Invalid("date", postern.CodeInvalid, "this is no day", "send a day as 2026-11-24")
	}
	after, err := strconv.ParseInt(in.After, 10, 64)
	if in.After != "" && (err != nil || after < 0) {
		return nil, postern.Invalid("after", postern.CodeInvalid, "this is no cursor of a bill", "send the next_cursor of the page before, or leave it out")
	}
	ctx, cancel := context.WithTimeout(ctx, statementPatience)
	defer cancel()
	bill, err := a.Engine.FetchStatement(ctx, engine.StatementQuery{MerchantID: c.MerchantID, ChannelID: c.ID, Kind: in.Kind, Day: day})
	if err != nil {
		return nil, err
	}
	defer func() { _ = bill.Close() }() // a temporary file
	out := &statementOut{Body: StatementView{Object: "statement", ChannelID: c.ID, Kind: in.Kind, Date: in.Date, State: string(bill.State), Lines: []StatementLineView{}}}
	if bill.State != provider.FetchDone {
		out.Body.Message = bill.Message
		return out, nil
	}
	return out, fillStatement(ctx, &out.Body, bill, after, after+int64(in.Limit))
}

// fillStatement reads the whole bill and keeps the rows of one page.
func fillStatement(ctx context.Context, v *StatementView, bill *engine.Statement, after, last int64) error {
	n := int64(0)
	sum, err := bill.Each(func(l provider.StatementLine) error {
		if n++; n > after && n <= last {
			v.Lines = append(v.Lines, viewLine(n, l))
		}
		return ctx.Err()
	})
	if err != nil {
		return err
	}
	v.Sum = &StatementSumView{Account: sum.Account, Lines: sum.Lines, Amount: sum.Amount, Fee: sum.Fee}
	if n > last {
		next := strconv.FormatInt(last, 10)
		v.NextCursor = &next
	}
	return nil
}

func viewLine(n int64, l provider.StatementLine) StatementLineView {
	return StatementLineView{
		Line: n, Kind: string(l.Kind), TxnNo: l.TxnNo, Number: l.Number, RefundTxnNo: l.RefundTxnNo, RefundNumber: l.RefundNumber, Amount: l.Amount, Fee: l.Fee,
		Currency: l.Currency, At: l.At, Columns: append([]string{}, l.Columns...),
	}
}

// beijing is the zone of providers' days.
var beijing = time.FixedZone("+08:00", 8*60*60)
