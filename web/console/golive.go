package console

import (
	"context"
	"html/template"
	"net/http"
	"time"

	"postern/engine"
	"postern/provider"
	"postern/web/ui"
)

// goLiveRoutes are the way to real money: what is missing, and a test of each channel.
var goLiveRoutes = []route{
	{pattern: "GET " + merchantRoot + "/go-live", roles: owners, serve: (*Handler).goLivePage},
	{pattern: "POST " + merchantRoot + "/go-live/{channel}/check", roles: owners, serve: (*Handler).checkChannel},
}

// goLiveBody is the guide: steps of the shop and the switch, then each channel.
type goLiveBody struct {
	W        *goLiveWords
	Missing  string // how many steps are left, in words
	Ready    bool
	Steps    []goLiveStep
	Channels []goLiveChannel
}

func (goLiveBody) template() string { return "golive" }

// Marks of a step: done, missing, or for a person to look at because the switch cannot tell.
const (
	markDone    = "ok"
	markMissing = "stop"
	markLook    = "warn"
)

// goLiveStep is one thing that must be so before real money comes.
type goLiveStep struct {
	Mark, MarkWord, Title, Line string
	Link, LinkWord              string
}

// goLiveChannel is one way to be paid: what to register where, and what the last test said.
type goLiveChannel struct {
	ID       string
	Mark     template.HTML
	Name     string
	Products string
	Step     goLiveStep
	Check    string // where the test's form goes
	Register []registration
	Tested   string // the verdict of the test that was just made, "" without one
	Good     bool
	Lines    []goLiveStep
}

// registration is one thing to enter at the provider.
type registration struct{ Field, Where, Value, Why string }

// checkDeadline bounds the test of one channel with everything that it asks.
const checkDeadline = 25 * time.Second

func (h *Handler) goLivePage(w http.ResponseWriter, r *http.Request, v *visit) {
	h.showGoLive(w, r, v, "", engine.ChannelReport{}, nil)
}

// checkChannel tests a channel live: a harmless signed call, and whether this switch answers where the provider will notify.
func (h *Handler) checkChannel(w http.ResponseWriter, r *http.Request, v *visit) {
	ctx, cancel := context.WithTimeout(r.Context(), checkDeadline)
	defer cancel()
	id := r.PathValue("channel")
	report, err := h.cfg.Engine.TestChannel(ctx, v.Actor, v.Merchant.ID, id)
	if err != nil {
		h.trouble(w, r, v, err)
		return
	}
	var reached *bool
	if h.cfg.Reach != nil {
		ok := h.cfg.Reach(ctx) == nil
		reached = &ok
	}
	h.showGoLive(w, r, v, id, report, reached)
}

func (h *Handler) showGoLive(w http.ResponseWriter, r *http.Request, v *visit, tested string, report engine.ChannelReport, reached *bool) {
	ready, err := h.cfg.Engine.Ready(r.Context(), v.Merchant.ID)
	if err != nil {
		h.trouble(w, r, v, err)
		return
	}
	words := goLiveWordsOf(v.Lang)
	body := goLiveBody{W: words, Steps: h.steps(v, words, ready)}
	for _, c := range ready.Channels {
		one := h.channelOf(v, words, c)
		if c.Channel.ID == tested {
			one.tested(words, report, reached)
		}
		body.Channels = append(body.Channels, one)
	}
	missing := 0
	for _, s := range body.Steps {
		if s.Mark == markMissing {
			missing++
		}
	}
	body.Ready, body.Missing = missing == 0, sprint(words.Missing, missing)
	h.render(w, r, v, http.StatusOK, page{Title: wordsOf(v.Lang).GoLive, Section: "golive", Body: body})
}

// steps are what the shop and the switch need, whatever the provider.
func (h *Handler) steps(v *visit, words *goLiveWords, ready engine.Readiness) []goLiveStep {
	step := func(ok bool, title, done, line, link, linkWord string) goLiveStep {
		s := goLiveStep{Mark: markDone, MarkWord: words.Done, Title: title, Line: done}
		if !ok {
			s.Mark, s.MarkWord, s.Line = markMissing, words.ToDo, line
			if link != "" {
				s.Link, s.LinkWord = v.path(link), linkWord
			}
		}
		return s
	}
	collects := false
	for _, c := range ready.Channels {
		collects = collects || c.MayCollect && c.Problem == ""
	}
	key := goLiveStep{Mark: markLook, MarkWord: words.Look, Title: words.Key, Line: words.KeyLine}
	live := words.LiveLine
	if !ready.SwitchLive {
		live = words.LiveSwitchLine
	}
	return []goLiveStep{
		step(ready.Live, words.Live, words.LiveDone, live, "", ""),
		step(ready.PublicHTTPS && ready.CallbackHTTPS, words.HTTPS, h.cfg.Engine.PublicURL, words.HTTPSLine, "", ""),
		key,
		step(collects, words.Channel, words.ChannelDone, words.ChannelLine, "", ""),
		step(ready.Phone && ready.Notice, words.Contact, words.ContactDone, words.ContactLine, "/brand", wordsOf(v.Lang).Brand),
		step(ready.OnSale, words.OnSale, words.OnSaleDone, words.OnSaleLine, "/items", wordsOf(v.Lang).Items),
	}
}

func (h *Handler) channelOf(v *visit, words *goLiveWords, c engine.ChannelReadiness) goLiveChannel {
	d := h.described(c.Channel.Provider)
	out := goLiveChannel{
		ID: c.Channel.ID, Mark: ui.Mark(d.Colour, d.Glyph), Name: v.Lang.Pick(d.NameZH, d.NameEN), Check: v.path("/go-live/" + c.Channel.ID + "/check"),
		Step: goLiveStep{Mark: markDone, MarkWord: words.MayCollect},
	}
	for i, product := range c.Channel.Products {
		if i > 0 {
			out.Products += ", "
		}
		out.Products += product
	}
	switch {
	case c.Problem != "":
		out.Step = goLiveStep{Mark: markMissing, MarkWord: words.NoKeys, Line: words.NoKeysLine}
	case !c.MayCollect:
		out.Step = goLiveStep{Mark: markMissing, MarkWord: words.MayNot, Line: words.MayNotLine}
	}
	for i, reg := range c.Registrations {
		out.Register = append(out.Register, registration{Field: c.Channel.ID + "-" + string(rune('a'+i%26)), Where: reg.Where, Value: reg.Value, Why: v.Lang.Pick(reg.WhyZH, reg.Why)})
	}
	return out
}

// described is what a provider says of itself; of a code without a connector, the code.
func (h *Handler) described(code string) provider.Description {
	if connector, ok := h.cfg.Engine.Registry[code]; ok {
		return connector.Describe()
	}
	return provider.Description{Code: code, NameZH: code, NameEN: code}
}

// tested puts the results of a test into a channel.
func (c *goLiveChannel) tested(words *goLiveWords, report engine.ChannelReport, reached *bool) {
	c.Good, c.Tested = report.OK, words.TestBad
	for _, line := range report.Lines {
		said, ok := words.checks()[line.What]
		if !ok {
			said = checkWords{line.What, ""}
		}
		one := goLiveStep{Mark: markDone, MarkWord: words.Good, Title: said.title, Line: line.Detail}
		if !line.OK {
			one.Mark, one.MarkWord, one.Line = markMissing, words.Bad, said.fix+" "+line.Detail
		}
		c.Lines = append(c.Lines, one)
	}
	if reached != nil {
		one := goLiveStep{Mark: markDone, MarkWord: words.Good, Title: words.Callback, Line: words.CallbackGood}
		if !*reached {
			one.Mark, one.MarkWord, one.Line, c.Good = markMissing, words.Bad, words.CallbackBad, false
		}
		c.Lines = append(c.Lines, one)
	}
	if c.Good {
		c.Tested = words.TestGood
	}
}

// checkWords are what a check is called, and what to do when it fails.
type checkWords struct{ title, fix string }

func (w *goLiveWords) checks() map[string]checkWords {
	return map[string]checkWords{
		engine.CheckKeys: {w.Keys, w.KeysFix}, engine.CheckCertificates: {w.Certificates, w.CertificatesFix}, engine.CheckCall: {w.Call, w.CallFix},
		engine.CheckClock: {w.Clock, w.ClockFix}, engine.CheckCollect: {w.Collect, w.CollectFix},
	}
}
