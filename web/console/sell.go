package console

import (
	_ "embed"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"postern"
	"postern/picture"
	"postern/store"
	"postern/web/ui"
)

// Bodies of the pages that take files, in bytes.
const (
	maxPictureForm = 96 << 20
	maxShipForm    = 4 << 20
	memoryOfForm   = 4 << 20 // what is larger waits in a file
)

// sellSheet is the style of the selling pages, behind the frame's.
//
//go:embed sell.css
var sellSheet string

// sellRoutes are the pages of selling: today, items, orders. Finance reads orders and gives refunds; items and shipping are not theirs.
var sellRoutes = []route{
	{pattern: "GET " + merchantRoot, serve: showToday},
	{pattern: "GET " + merchantRoot + "/attention", serve: showAttention},
	{pattern: "POST " + merchantRoot + "/surpluses/{surplus}", roles: payers, serve: decideSurplus},
	{pattern: "GET " + merchantRoot + "/orders", serve: showOrders},
	{pattern: "GET " + merchantRoot + "/orders.csv", serve: downloadOrders},
	{pattern: "GET " + merchantRoot + "/orders/ship", roles: sellers, serve: showShipList},
	{pattern: "POST " + merchantRoot + "/orders/ship.csv", roles: sellers, body: maxShipForm, serve: shipList},
	{pattern: "GET " + merchantRoot + "/orders/{order}", serve: showOrder},
	{pattern: "POST " + merchantRoot + "/orders/{order}/ship", roles: sellers, serve: shipOrder},
	{pattern: "POST " + merchantRoot + "/orders/{order}/refund", serve: refundOrder},
	{pattern: "POST " + merchantRoot + "/orders/{order}/decline", serve: declineRefund},
	{pattern: "GET " + merchantRoot + "/items", roles: sellers, serve: showItems},
	{pattern: "GET " + merchantRoot + "/items/new", roles: sellers, serve: newItem},
	{pattern: "POST " + merchantRoot + "/items/new", roles: sellers, body: maxPictureForm, serve: createItem},
	{pattern: "GET " + merchantRoot + "/items/{item}", roles: sellers, serve: showItem},
	{pattern: "POST " + merchantRoot + "/items/{item}", roles: sellers, serve: changeItem},
	{pattern: "GET " + merchantRoot + "/items/{item}/share", roles: sellers, serve: shareItem},
	{pattern: "POST " + merchantRoot + "/items/{item}/stock", roles: sellers, serve: changeStock},
	{pattern: "POST " + merchantRoot + "/items/{item}/removed", roles: sellers, serve: removeItem},
	{pattern: "POST " + merchantRoot + "/items/{item}/pictures", roles: sellers, body: maxPictureForm, serve: addPictures},
	{pattern: "GET " + merchantRoot + "/items/{item}/pictures/{picture}", roles: sellers, serve: showPicture},
	{pattern: "POST " + merchantRoot + "/items/{item}/pictures/{picture}", roles: sellers, serve: changePicture},
}

// form reads what was sent, of either kind. What is too much or no form is refused in words; false says that it was.
func (h *Handler) form(w http.ResponseWriter, r *http.Request, v *visit) bool {
	err := r.ParseMultipartForm(memoryOfForm)
	if errors.Is(err, http.ErrNotMultipart) {
		err = nil // the plain form was read on the way
	}
	if err == nil {
		err = r.ParseForm()
	}
	if err != nil {
		h.told(w, r, v, "", &postern.Error{Code: postern.CodeInvalid, Op: opForm, Message: "the form is too large or none", Err: err})
		return false
	}
	return true
}

// opForm is the operation of a form that cannot be read; it has words of its own.
const opForm = "console.form"

// files returns the files of a field that hold something, at most so many.
func files(r *http.Request, field string, most int) []*multipart.FileHeader {
	if r.MultipartForm == nil {
		return nil
	}
	var list []*multipart.FileHeader
	for _, f := range r.MultipartForm.File[field] {
		if f.Size > 0 && len(list) < most {
			list = append(list, f)
		}
	}
	return list
}

// readFile reads a file of a form; one byte more than the bound shows that it is too large.
func readFile(f *multipart.FileHeader, most int64) ([]byte, error) {
	file, err := f.Open()
	if err != nil {
		return nil, fmt.Errorf("open a file of a form: %w", err)
	}
	defer func() { _ = file.Close() }() // it was only read
	raw, err := io.ReadAll(io.LimitReader(file, most+1))
	if err != nil {
		return nil, fmt.Errorf("read a file of a form: %w", err)
	}
	return raw, nil
}

// pageSize is how many rows a list shows.
const pageSize = 30

// listPage is the part of a list that an address asks for. An id of another kind asks for the beginning.
func listPage(r *http.Request, prefix string) store.Page {
	after := r.URL.Query().Get("after")
	if !postern.CheckID(prefix, after) {
		after = ""
	}
	return store.Page{After: after, Limit: pageSize}
}

// pager leads through a list.
type pager struct {
	Next  string // empty at the end
	First string // empty at the beginning
}

// pagerOf keeps the rest of the query; at is the address of the list.
func pagerOf(r *http.Request, at, next string) pager {
	q := url.Values{}
	for key, values := range r.URL.Query() {
		if key != "after" && key != "lang" && key != "done" {
			q[key] = values
		}
	}
	var p pager
	with := func(q url.Values) string {
		if len(q) == 0 {
			return at
		}
		return at + "?" + q.Encode()
	}
	if r.URL.Query().Get("after") != "" {
		p.First = with(q)
	}
	if next != "" {
		q.Set("after", next)
		p.Next = with(q)
	}
	return p
}

// option is one choice of a list of links.
type option struct {
	URL   string
	Word  string
	Count int64
	Here  bool
}

// money writes an amount with its currency.
func money(amount int64, currency string) string { return postern.FormatMoney(amount, currency) }

// said writes an error for the person who sent a form: the sentences of the selling pages first, then those of the frame.
func (v *visit) said(err error) string {
	var refused *picture.Refusal
	if errors.As(err, &refused) {
		return sellWordsOf(v.Lang).picture(refused.Reason)
	}
	if known, ok := asError(err); ok {
		if line := sellWordsOf(v.Lang).refused(known); line != "" {
			return line
		}
	}
	return wordsOf(v.Lang).refusal(v.Lang, err)
}

// told answers with why an act was not done where no form can be shown again, and leads back. What is ours or not there goes the frame's way.
func (h *Handler) told(w http.ResponseWriter, r *http.Request, v *visit, back string, err error) {
	if !mild(err) {
		h.trouble(w, r, v, err)
		return
	}
	words := wordsOf(v.Lang)
	h.render(w, r, v, statusOf(err), page{Title: words.SorryTitle, Body: sorry{W: words, Line: v.said(err), Back: v.path(back), BackTo: words.Back}})
}

// mild says that an error belongs on the page of the form, and not in its place.
func mild(err error) bool {
	var refused *picture.Refusal
	if errors.As(err, &refused) {
		return true
	}
	switch postern.CodeOf(err) {
	case postern.CodeInternal, postern.CodeCommitUnknown, postern.CodeNotFound, postern.CodeUnauthenticated:
		return false
	}
	return true
}

// providerName is what a provider calls itself in a language; a code that is no longer known stays.
func (h *Handler) providerName(code string, l ui.Lang) string {
	connector, ok := h.cfg.Engine.Registry[code]
	if !ok {
		return code
	}
	d := connector.Describe()
	return l.Pick(d.NameZH, d.NameEN)
}

// whole reads a whole number as people type it, full width digits and all; empty is zero.
func whole(typed string, most int64) (int64, bool) {
	s := strings.TrimSpace(narrow(typed))
	if s == "" {
		return 0, true
	}
	n, err := strconv.ParseInt(strings.TrimPrefix(s, "+"), 10, 64)
	return n, err == nil && n >= -most && n <= most && !strings.HasPrefix(s, "+-") && !strings.HasPrefix(s, "++")
}

// narrow writes full width digits and signs, which Chinese keyboards make, as the plain ones.
func narrow(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= '０' && r <= '９':
			return r - '０' + '0'
		case r == '．' || r == '。':
			return '.'
		case r == '，':
			return ','
		case r == '＋':
			return '+'
		case r == '－' || r == '−':
			return '-'
		case r == '￥':
			return '¥'
		case r == '\u3000' || r == '\u00a0':
			return ' '
		}
		return r
	}, s)
}

// parseMoney reads an amount as people type it: 68, 68.00, ６８．００, ¥68, 1,234.50, 68元. It returns minor units of a currency, never rounds, and refuses a sign, more
// digits than the currency has, and anything beyond postern.MaxAmount.
func parseMoney(typed, currency string) (int64, bool) {
	digits, known := postern.Exponent(currency)
	if !known || len(typed) > 60 {
		return 0, false
	}
	s := strings.TrimSpace(narrow(typed))
	s = strings.TrimSpace(strings.TrimSuffix(strings.TrimPrefix(s, "¥"), "元"))
	whole, fraction, dotted := strings.Cut(s, ".")
	if strings.Contains(whole, ",") {
		parts := strings.Split(whole, ",")
		for i, part := range parts {
			if i > 0 && len(part) != 3 || i == 0 && (part == "" || len(part) > 3) {
				return 0, false
			}
		}
		whole = strings.Join(parts, "")
	}
	if whole == "" || dotted && fraction == "" || len(fraction) > digits || len(whole) > 13 {
		return 0, false
	}
	all := whole + fraction + strings.Repeat("0", digits-len(fraction))
	if strings.Trim(all, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.ParseInt(all, 10, 64)
	return n, err == nil && n <= postern.MaxAmount
}
