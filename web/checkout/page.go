package checkout

import (
	"html/template"

	"postern/web/ui"
)

// Page is one rendered screen: what every screen shares, and the body of its state.
type Page struct {
	Lang        ui.Lang
	W           *words
	Nonce       string
	State       State
	Title       string
	Share       *Share
	Shop        string
	Initial     string
	Sign        string // the currency's sign, which goes first
	Digits      string // the amount's digits
	Description string
	Number      string // the merchant's reference
	Items       []Item // what is sold, when the merchant said so
	Notice      string // one line above the ways to pay
	AsOf        string // the day that is looked at, in words; nothing can be done then
	Surpluses   []Note
	Live        *Live
	Refresh     *Refresh
	Bar         *TestBar
	OtherLang   Link
	Bare        bool // inside a frame of the demo: no test bar, no language switch
	Body        any
}

// Item is one line of what is sold, in words.
type Item struct{ Name, Count, Amount string }

// Share is what a chat shows of the address: the same for whoever opens it, and nothing of a buyer's.
type Share struct {
	Title       string
	Description string
	Site        string
	URL         string
	Image       string
	Name        bool // the page is named after what it sells, not after its state
}

// State names a screen. It is the template's name and goes into the live status.
type State string

// The screens.
const (
	StateLink    State = "link"
	StateChoose  State = "choose"
	StateScan    State = "scan"
	StateWayOut  State = "wayout"
	StateGo      State = "go"
	StateBridge  State = "bridge"
	StateWaiting State = "waiting"
	StateCode    State = "code"
	StatePaid    State = "paid"
	StateEnded   State = "ended"
	StateUnknown State = "unknown"
	StateNoWay   State = "noway"
	StateTrouble State = "trouble"
)

// Link is a visible address.
type Link struct {
	Label string
	URL   string
	Here  bool
}

// Note is one surplus, in words.
type Note struct {
	Title string
	Line  string
}

// Live makes the page look for news: URL answers {"state", "rev"}, and another rev than Rev makes it load Self again.
type Live struct {
	URL  string
	Rev  string
	Self string
}

// Refresh reloads or leaves the page without scripts. When NoScript is set it is only for browsers without them.
type Refresh struct {
	Seconds  int
	URL      string
	NoScript bool
}

// TestBar lets a person open the page as another container. It exists for test merchants only.
type TestBar struct {
	Links []Link
}

// Way is one way to pay, or one way out.
type Way struct {
	Label    string
	Hint     string
	Mark     template.HTML
	Action   string // where the form posts to; empty for a link
	Provider string
	Product  string
	URL      string
	// External is set when the way leaves this app.
	External bool
}

// Order is the page of a link: one button that orders, or that leads to the seller's shop elsewhere.
type Order struct {
	Line   string
	Label  string // the ordering button's
	Action string
	Visit  string // new for each visit, so that a form sent twice is one order
	Best   *Way   // the seller's shop elsewhere, when it goes first
	Ways   []Way
}

// Choose offers one best way and quiet others.
type Choose struct {
	Best *Way
	Ways []Way
	// Auto is set when there is one obvious choice and the page may take it at once.
	Auto string // a key that is new for each payment, empty for never
}

// Scan is the page of a big screen: one code for every wallet beside the way to pay on this computer.
type Scan struct {
	QR     template.HTML
	Apps   string // which apps can scan it, as a sentence
	Button *Way
	Ways   []Way
}

// WayOut explains a wall and shows the way around it.
type WayOut struct {
	Mark    template.HTML
	Line    string
	Menu    bool // the container's menu opens the browser
	IOS     bool
	Address string
	QR      template.HTML
	Device  string
	Scan    string // what the second device is for
	Back    string
	Ways    []Way
	Second  bool // only a second device helps
}

// Go sends the buyer to the wallet's own page.
type Go struct {
	Name   string
	Mark   template.HTML
	URL    string
	Method string
	Fields []Field
	Back   string
}

// Field is one field of a form that the wallet's page wants.
type Field struct{ Name, Value string }

// Bridge opens the wallet inside its own app.
type Bridge struct {
	Name    string
	Mark    template.HTML
	Label   string
	Object  string
	Ready   string
	Call    template.JS // from the provider's description: our own code, never a message
	Params  map[string]string
	Auto    bool
	Done    string // where to go with the wallet's answer appended
	Sim     string // test mode: the simulated phone, instead of the bridge
	Switch  string
	Message string
}

// Waiting says what is awaited, and after a while offers to ask and to change.
type Waiting struct {
	Mark      template.HTML
	Title     string
	Line      string
	Why       string // beside the offers
	Late      bool
	LateAfter int // milliseconds until the offers appear
	Reopen    *Link
	Check     string
	Switch    string
	SwitchTo  string
}

// Code is one wallet's own code for a second device.
type Code struct {
	Mark   template.HTML
	QR     template.HTML
	Line   string
	Until  string
	Check  string
	Switch string
}

// Paid is the receipt.
type Paid struct {
	Line    string
	At      string
	Shop    string
	Return  string
	Seconds int
}

// Ended says what to do when the payment can no longer be paid.
type Ended struct {
	Line   string
	Return string
	Good   bool // nothing is wrong, it is only over
}

// Unknown holds the buyer back from paying twice, and says why.
type Unknown struct {
	Mark  template.HTML
	Line  string
	Why   string
	Check string
}

// Plain is a state that needs a sentence and perhaps a link.
type Plain struct {
	Line  string
	Again *Link
}
