package shop

import (
	"errors"
	"html/template"
	"regexp"
	"strings"
	"time"
	"unicode"

	"postern"
	"postern/provider"
	"postern/wall"
	"postern/web/ui"
)

// base is what every page of one merchant depends on. Building a page from a scene is pure, so that every state has a golden page.
type base struct {
	merchant postern.Merchant
	brand    postern.Brand
	partner  string // how its service provider calls itself; empty without one
	registry provider.Registry
	names    *wall.Map
	now      time.Time
	zone     *time.Location
	lang     ui.Lang
	at       address
	packed   bool // the answer may be compressed
}

// shop is the name under which buyers know the merchant.
func (b base) shop() string {
	if name := plain(b.brand.Name); name != "" {
		return name
	}
	return plain(b.merchant.Name)
}

// shell is what all pages of a merchant share.
func (b base) shell(state State) *Page {
	w := wordsOf(b.lang)
	p := &Page{Lang: b.lang, W: w, State: state, Shop: b.shop(), Initial: ui.Initial(b.shop()), Colour: colours(b.brand.Colour), Phone: phoneLink(b.brand.Phone), Bare: b.at.bare != ""}
	if b.partner != "" {
		p.Partner = say(w.ProvidedBy, plain(b.partner))
	}
	other := b.at
	other.lang = string(b.lang.Other())
	p.OtherLang = Link{Label: b.lang.Other().Name(), URL: other.to("")}
	if !b.merchant.Live && !p.Bare {
		p.Bar = b.bar(w)
	}
	return p
}

func (b base) bar(w *words) *TestBar {
	really := b.at
	really.as = ""
	bar := &TestBar{Links: []Link{{Label: w.AsReally, URL: really.to(""), Here: b.at.as == ""}}}
	for _, preset := range b.names.Presets() {
		if preset.ZH == "" {
			continue
		}
		as := b.at
		as.as = preset.Preset
		bar.Links = append(bar.Links, Link{Label: b.lang.Pick(preset.ZH, preset.EN), URL: as.to(""), Here: b.at.as == preset.Preset})
	}
	return bar
}

// clock writes a moment of the merchant's day: the time alone when it is today.
func (b base) clock(t time.Time) string {
	if t.In(b.zone).Format(time.DateOnly) == b.now.In(b.zone).Format(time.DateOnly) {
		return t.In(b.zone).Format("15:04")
	}
	return ui.FormatTime(t, b.zone, b.lang)
}

// money writes minor units of a currency.
func money(minor int64, currency string) string { return postern.FormatMoney(minor, currency) }

var colourForm = regexp.MustCompile(`^#[0-9a-f]{6}$`)

// colours are the seller's colour and what can be read on it. It paints surfaces and never text, since nobody knows on what the text would stand.
func colours(colour string) template.CSS {
	if !colourForm.MatchString(colour) {
		return ""
	}
	return template.CSS("--brand:" + colour + ";--on-brand:" + ui.InkOn(colour))
}

// phoneLink makes the shop's number one that a tap dials; a text that is no number stays a text.
func phoneLink(typed string) *Phone {
	typed = plain(typed)
	if typed == "" {
		return nil
	}
	l := &Phone{Label: typed}
	if number, ok := postern.ParsePhone(typed); ok {
		l.URL = template.URL("tel:" + number)
	}
	return l
}

// plain takes out of a person's text the marks that turn the direction of what follows: the text around it is ours.
func plain(s string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Bidi_Control, r) {
			return -1
		}
		return r
	}, s))
}

// clip cuts a text after so many characters.
func clip(s string, most int) string {
	if r := []rune(s); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return s
}

// list joins names as the language does: 甲、乙或丙; A, B or C.
func list(l ui.Lang, names []string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	last := len(names) - 1
	return strings.Join(names[:last], l.Pick("、", ", ")) + l.Pick("或", " or ") + names[last]
}

// refusal is the house's error in what the engine answered.
func refusal(err error) *postern.Error {
	var e *postern.Error
	if errors.As(err, &e) {
		return e
	}
	return &postern.Error{Code: postern.CodeInternal, Err: err}
}
