package shop

import (
	"html/template"

	"postern/web/ui"
)

// Page is one rendered screen: what every screen shares, and the body of its state.
type Page struct {
	Lang      ui.Lang
	W         *words
	Nonce     string
	State     State
	Title     string
	Share     *Share
	Shop      string
	Initial   string
	Partner   string       // "provided by", a whole sentence; empty without a partner
	Colour    template.CSS // the seller's colour and what is readable on it; empty for the house's
	Phone     *Phone       // the shop's number
	Alert     string       // what stands in the way of what was asked, above all else
	Live      *Live
	Refresh   *Refresh
	Bar       *TestBar
	OtherLang Link
	Bare      bool // inside a frame of the demo: no test bar, no language switch
	Body      any
}

// State names a screen. It is the template's name.
type State string

// The screens.
const (
	StateItem    State = "item"
	StateOrder   State = "order"
	StateReceipt State = "receipt"
	StateFind    State = "find"
	StateTrouble State = "trouble"
)

// Share is what a chat shows of an item's address: the same for whoever opens it.
type Share struct {
	Title       string
	Description string
	Site        string
	URL         string
	Image       string
	Hidden      bool // no picture stands in the page, so the card stands there unseen
}

// Link is a visible address.
type Link struct {
	Label string
	URL   string
	Here  bool
}

// Phone is a number that a tap dials; without a URL it is a text.
type Phone struct {
	Label string
	URL   template.URL // digits only, checked
}

// Live makes the page look for news: URL answers {"state", "rev"}, and another rev than Rev makes it load Self again. Slowest is the longest pause in milliseconds.
type Live struct {
	URL     string
	Rev     string
	Self    string
	Slowest int
}

// Refresh loads the page again in browsers without scripts.
type Refresh struct {
	Seconds int
	URL     string
}

// TestBar lets a person open the page as another container. It exists for test merchants only.
type TestBar struct {
	Links []Link
}

// Item is what is sold. Closed says why nothing can be ordered, otherwise there is a Form.
type Item struct {
	Title    string
	Price    string
	Facts    []string // delivery and limits, each a few words
	Lines    []string // the description
	Notice   string   // the seller's
	First    *Picture
	Pictures []Picture
	Closed   *Closed
	Form     *Form
}

// Picture is one of the item's pictures. The small one is shown, the large one is a tap away and takes its place when the line allows.
type Picture struct {
	Small, Large  string
	Width, Height int64
	Label         string
}

// Closed says why nothing can be ordered and what to do next.
type Closed struct {
	Title string
	Line  string
}

// Form is the one form that orders. What was typed stays in it, and Errors has a sentence for each field that was refused.
type Form struct {
	Action   string
	Visit    string
	Fee      int64 // delivery, in minor units
	Sign     string
	Digits   int // of the currency's minor unit, for the script that adds up
	Choices  []Choice
	Single   *Choice // an item without choices
	Quantity string
	Most     int64
	Delivers bool
	Delivery string // what delivery costs, a sentence
	Regions  []Option
	Name     string
	Phone    string
	Address  string
	Note     string
	Known    string // the buyer whom this device remembers, on one line; empty when the fields are to be filled
	Remember bool
	Forget   string
	Errors   map[string]string
	Sum      string
}

// Choice is one variant. Value holds the price that the buyer sees, so that another one is noticed.
type Choice struct {
	Value   string
	Name    string
	Price   string
	Left    string // how few are left
	SoldOut bool
	Checked bool
}

// Option is one line of a select.
type Option struct {
	Value, Label string
	Chosen       bool
}

// Order is the buyer's page of an order: its story from top to bottom, and what can be done next.
type Order struct {
	Number  string
	What    string
	Count   string
	Lines   []Line
	Sum     string
	Good    bool // all is well, and a mark says so
	Line    string
	Notes   []Note
	Steps   []Step
	To      []string // who gets it and where, masked
	Pay     *Link
	Cancel  *Act
	Ask     *Ask
	Receipt string
	Again   *Link
}

// Line is one line of a bill.
type Line struct{ Name, Count, Amount string }

// Note is money beyond what was asked, in words.
type Note struct{ Title, Line string }

// Step is one event of the story. Done has a mark, otherwise it is what happens now.
type Step struct {
	Title string
	Line  string
	At    string
	Copy  string // a text that a tap copies
	Quote string // what somebody wrote
	Done  bool
}

// Act is a form of one button, folded away, with what it does.
type Act struct{ Label, Line, Action string }

// Ask is the form of a wish for the money back.
type Ask struct {
	Label  string
	Action string
	Reason string
	Error  string
}

// Receipt is for printing.
type Receipt struct {
	Number  string
	Lines   []Line
	Sum     string
	Facts   []Line // paid at, by which wallet, under which number
	Refunds []Line
	Back    string
}

// Find leads back to an order by its number and the buyer's phone.
type Find struct {
	Number string
	Alert  string
}

// Plain is a state that needs a sentence and perhaps a link.
type Plain struct {
	Line  string
	Again *Link
}
