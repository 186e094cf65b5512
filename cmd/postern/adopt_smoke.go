package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"postern"
	"postern/facade"
	"postern/provider"
)

// smokeLife is how long the order of a smoke test can be paid for, if it could not be closed.
const smokeLife = 10 * time.Minute

// passedOn notes where calls to the provider itself go, while a number of before is asked for.
type passedOn struct {
	provider.Doer
	mu   sync.Mutex
	seen []string // each as the host and how it answered, if not as a provider does
}

// Do implements provider.Doer.
func (d *passedOn) Do(r *http.Request) (*http.Response, error) {
	response, err := d.Doer.Do(r)
	answer := r.URL.Host
	switch {
	case err != nil:
		answer += " (" + err.Error() + ")"
	case response.StatusCode/100 == 3:
		answer += " (which answers HTTP " + strconv.Itoa(response.StatusCode) + " and points to " + response.Header.Get("Location") + ")"
	case response.StatusCode >= http.StatusInternalServerError:
		answer += " (which answers HTTP " + strconv.Itoa(response.StatusCode) + ")"
	}
	d.mu.Lock()
	d.seen = append(d.seen, answer)
	d.mu.Unlock()
	return response, err
}

func (d *passedOn) asked() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.seen
}

// smoke speaks to the facade as the shop's code will: the provider's own connector, with the shop's request key, at an address of this process, believing the facade's key
// alone. It says each step; an error is about this machine and not about the shop.
func (a *adoption) smoke(ctx context.Context, o *offline, account postern.FacadeAccount, old string) error {
	watched := &passedOn{Doer: o.engine.Env.HTTP}
	o.engine.Env.HTTP = watched
	defer func() { o.engine.Env.HTTP = watched.Doer }()
	base, stop, err := o.openFacade(account.Provider)
	if err != nil {
		return err
	}
	defer stop()
	trial, err := o.engine.FaceTrial(ctx, account, base)
	if err != nil {
		return err
	}
	call, start := trial.Call, trial.Start
	call.Env.HTTP = provider.HTTPDoer{Client: &http.Client{Timeout: call.Timeout, Transport: &http.Transport{Proxy: nil}}}
	trial.Before.Env.HTTP = call.Env.HTTP
	now := time.Now()
	start.Attempt.Number, start.Attempt.CreatedAt, start.Attempt.ExpiresAt = postern.NewNumber(now, rand.Reader), now, now.Add(smokeLife)
	start.NotifyURL = o.cfg.CallbackURL + "/n/smoke" // nobody is told of an order that is closed unpaid
	connector := o.engine.Registry[account.Provider]
	placed := connector.Start(ctx, call, start)
	a.step("the facade itself: order "+start.Attempt.Number+" of "+amountOf(start), placed.State == provider.Pending, said(string(placed.State), placed.Code, placed.Message, placed.Exchange))
	if placed.State != provider.Pending {
		a.shown(false, "", "the facade: the order was not taken")
		return nil
	}
	found := connector.Query(ctx, call, start.Attempt)
	a.step("the facade itself: query", found.State == provider.Pending, said(string(found.State), found.Code, found.Message, found.Exchange))
	if closer, ok := connector.(provider.Closer); ok {
		closed := closer.Close(ctx, call, start.Attempt)
		a.step("the facade itself: close", closed.State == provider.CloseDone, said(string(closed.State), closed.Code, closed.Message, closed.Exchange))
	}
	a.shown(well(a.Steps, "the facade itself"), "the facade takes the shop's signature and signs with the new key", "that the facade works for the shop's code")
	a.before(ctx, connector, trial.Before, start.Attempt, old, watched)
	return nil
}

// before asks for a number that is not ours: the answer must be the provider's own. An invented number is unknown there too.
func (a *adoption) before(ctx context.Context, connector provider.Connector, call provider.Call, attempt postern.Attempt, old string, watched *passedOn) {
	known := old != ""
	if attempt.Number = old; !known {
		attempt.Number = postern.NewNumber(time.Now(), rand.Reader)
	}
	began := len(watched.asked())
	answer := connector.Query(ctx, call, attempt)
	asked := watched.asked()[began:]
	fine := len(asked) > 0 && answer.State != provider.Unknown && (answer.State == provider.Absent) == !known
	where := "the provider was not asked"
	if len(asked) > 0 {
		where = "asked at " + asked[len(asked)-1]
	}
	text := where + ", " + said(string(answer.State), answer.Code, answer.Message, answer.Exchange)
	switch {
	case fine || !known || len(asked) == 0:
	case answer.State == provider.Absent:
		text += "; the provider does not know the number (a code that nobody scanned is no order there): name one that was paid"
	case answer.State == provider.Unknown:
		text += "; check the numbers, the app and the keys that were given"
	}
	a.step("an order of before ("+attempt.Number+")", fine, text)
	a.shown(fine, "an order of before is asked for at the provider", "that orders of before are found")
	a.shown(known, "", "that a real order of before is found, with this number, app and key: say --old-number with one that was paid")
}

// well says that every step whose name begins so was.
func well(steps []adoptStep, prefix string) bool {
	return !slices.ContainsFunc(steps, func(s adoptStep) bool { return strings.HasPrefix(s.What, prefix) && !s.OK })
}

// said is an answer in a line: what it means, and the protocol's own words for it.
func said(state, code, message string, x provider.Exchange) string {
	text := state
	if x.Status != 0 {
		text += ", HTTP " + strconv.Itoa(x.Status)
	}
	for _, word := range []string{code, message, x.Error} {
		if word != "" && !strings.Contains(text, word) {
			text += ", " + word
		}
	}
	return text
}

// openFacade serves a provider's facade on this machine alone, for as long as the command runs: the same code as the switch's, over the same database.
func (o *offline) openFacade(code string) (base string, stop func(), err error) {
	var key [32]byte
	if _, err := rand.Read(key[:]); err != nil {
		return "", nil, err
	}
	handler, err := facade.New(facade.Config{Engine: o.engine, TokenKey: key[:], Log: o.engine.Log}, code)
	if err != nil {
		return "", nil, err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, fmt.Errorf("the smoke order needs a port of this machine: %w", err)
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 5 * time.Second}
	go func() {
		if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			o.engine.Log.Error("adopt", "op", "serve the facade", "err", err)
		}
	}()
	return "http://" + l.Addr().String(), func() { _ = server.Close() }, nil
}
