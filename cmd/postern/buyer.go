package main

import (
	"context"
	"errors"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"time"
)

// buyer is a simulated person with a browser: it follows links and sends forms over real HTTP, as somebody would who taps the first thing that pays.
type buyer struct {
	client *http.Client
	agent  string
	name   string // who pays in the simulated wallet
}

// User agents of our own making: the tokens are real, the devices are not.
const (
	agentPhone   = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1"
	agentDesktop = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36"
)

func newBuyer(name, agent string) (*buyer, error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	return &buyer{client: &http.Client{Jar: jar, Timeout: 20 * time.Second, Transport: &http.Transport{Proxy: nil}}, agent: agent, name: name}, nil
}

// screen is what the buyer looks at.
type screen struct {
	url  *url.URL
	body string
}

var (
	formPattern   = regexp.MustCompile(`(?s)<form([^>]*)>(.*?)</form>`)
	attribute     = regexp.MustCompile(`([a-z-]+)="([^"]*)"`)
	inputPattern  = regexp.MustCompile(`<input[^>]*>`)
	framePattern  = regexp.MustCompile(`<iframe[^>]*data-bridge="[^>]*>`)
	primaryAnchor = regexp.MustCompile(`<a class="primary"[^>]*>`)
)

func attributes(tag string) map[string]string {
	out := map[string]string{}
	for _, m := range attribute.FindAllStringSubmatch(tag, -1) {
		out[m[1]] = html.UnescapeString(m[2])
	}
	return out
}

// form is one form of a screen.
type form struct {
	action string
	method string
	fields url.Values
}

func (s screen) forms() []form {
	var forms []form
	for _, m := range formPattern.FindAllStringSubmatch(s.body, -1) {
		tag := attributes(m[1])
		f := form{action: tag["action"], method: strings.ToUpper(tag["method"]), fields: url.Values{}}
		for _, input := range inputPattern.FindAllString(m[2], -1) {
			if a := attributes(input); a["name"] != "" {
				f.fields.Add(a["name"], a["value"])
			}
		}
		forms = append(forms, f)
	}
	return forms
}

// find returns the first form whose address ends so and whose fields hold these values.
func (s screen) find(suffix string, want ...string) (form, bool) {
	for _, f := range s.forms() {
		path, _, _ := strings.Cut(f.action, "?")
		ok := strings.HasSuffix(path, suffix)
		for i := 0; i+1 < len(want); i += 2 {
			ok = ok && (want[i+1] == "" || f.fields.Get(want[i]) == want[i+1])
		}
		if ok {
			return f, true
		}
	}
	return form{}, false
}

func (b *buyer) open(ctx context.Context, address string, from *screen) (screen, error) {
	return b.send(ctx, http.MethodGet, address, "", from)
}

func (b *buyer) submit(ctx context.Context, f form, from screen) (screen, error) {
	if f.method == http.MethodGet {
		return b.open(ctx, f.action+"?"+f.fields.Encode(), &from)
	}
	return b.send(ctx, http.MethodPost, f.action, f.fields.Encode(), &from)
}

func (b *buyer) send(ctx context.Context, method, address, body string, from *screen) (screen, error) {
	target, err := url.Parse(address)
	if err != nil {
		return screen{}, err
	}
	if from != nil {
		target = from.url.ResolveReference(target)
	}
	request, err := http.NewRequestWithContext(ctx, method, target.String(), strings.NewReader(body))
	if err != nil {
		return screen{}, err
	}
	request.Header.Set("User-Agent", b.agent)
	request.Header.Set("Accept", "text/html")
	request.Header.Set("Accept-Language", "zh-CN")
	if body != "" {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if from != nil {
		request.Header.Set("Referer", from.url.Scheme+"://"+from.url.Host+"/")
	}
	response, err := b.client.Do(request)
	if err != nil {
		return screen{}, err
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	if err == nil && response.StatusCode >= 400 {
		err = fmt.Errorf("%s %s: %s", method, target.Path, response.Status)
	}
	return screen{url: response.Request.URL, body: string(text)}, err
}

// choose opens a link and taps a wallet: the named one, or what the page offers first.
func (b *buyer) choose(ctx context.Context, link, providerCode, product string) (screen, error) {
	page, err := b.open(ctx, link, nil)
	if err != nil {
		return page, err
	}
	f, ok := page.find("/start", "provider", providerCode, "product", product)
	if !ok {
		return page, fmt.Errorf("the page offers no %s %s", providerCode, product)
	}
	return b.submit(ctx, f, page)
}

// follow goes on from a tap until the simulated wallet asks for approval.
func (b *buyer) follow(ctx context.Context, page screen) (screen, error) {
	for range 10 {
		if _, ok := page.find("/approve"); ok {
			return page, nil
		}
		var err error
		if frame := framePattern.FindString(page.body); frame != "" {
			page, err = b.open(ctx, attributes(frame)["src"], &page)
		} else if f, ok := nowForm(page); ok {
			page, err = b.submit(ctx, f, page)
		} else if anchor := primaryAnchor.FindString(page.body); anchor != "" {
			page, err = b.open(ctx, attributes(anchor)["href"], &page)
		} else {
			return page, errors.New("the way to the wallet ends at " + page.url.Path)
		}
		if err != nil {
			return page, err
		}
	}
	return page, errors.New("the way to the wallet does not end")
}

func nowForm(page screen) (form, bool) {
	for _, m := range formPattern.FindAllStringSubmatch(page.body, -1) {
		if strings.Contains(m[1], "data-now") {
			return screen{body: m[0]}.forms()[0], true
		}
	}
	return form{}, false
}

// approve presses the button in the simulated wallet.
func (b *buyer) approve(ctx context.Context, page screen) error {
	f, ok := page.find("/approve")
	if !ok {
		return errors.New("the wallet asks for nothing")
	}
	if b.name != "" {
		f.fields.Set("payer", b.name)
	}
	_, err := b.submit(ctx, f, page)
	return err
}

// pay does all of it.
func (b *buyer) pay(ctx context.Context, link, providerCode, product string) error {
	page, err := b.choose(ctx, link, providerCode, product)
	if err != nil {
		return err
	}
	if page, err = b.follow(ctx, page); err != nil {
		return err
	}
	return b.approve(ctx, page)
}
