package unionpay_test

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"postern/provider"
	"postern/provider/unionpay"
	"postern/provider/unionpay/wire"
)

// TestFetchAnswers: a bill is written only when the answer is signed, its file is the merchant's and the day's, and it unpacks; a day without one is not ready until the
// day after its end, and empty then; a day that its request could not name is refused before a byte leaves.
func TestFetchAnswers(t *testing.T) {
	w, c := newWorld(t, wire.MethodSHA256), unionpay.New()
	day := time.Date(2026, 11, 20, 0, 0, 0, 0, wire.Beijing) // two days ago
	content, err := wire.PackContent([]byte("a bill"))
	if err != nil {
		t.Fatal(err)
	}
	good := wire.Message{"respCode": "00", "fileName": merID + "_20261120.zip", "fileContent": content}
	with := func(name, value string) wire.Message {
		m := wire.Message{}
		for k, v := range good {
			m[k] = v
		}
		m[name] = value
		return m
	}
	for name, c2 := range map[string]struct {
		answer wire.Message
		day    time.Time
		want   provider.FetchState
		class  provider.Class
	}{
		"whole":              {good, day, provider.FetchDone, provider.ClassNone},
		"another merchant's": {with("fileName", "777290058110097_20261120.zip"), day, provider.FetchUnknown, provider.ClassNone},
		"last year's":        {with("fileName", merID+"_20251120.zip"), day, provider.FetchUnknown, provider.ClassNone},
		"damaged":            {with("fileContent", content[:len(content)/2]), day, provider.FetchUnknown, provider.ClassNone},
		"no base64":          {with("fileContent", "***"), day, provider.FetchUnknown, provider.ClassNone},
		"not made yet":       {wire.Message{"respCode": "98"}, day.AddDate(0, 0, 1), provider.FetchNotReady, provider.ClassNone},
		"none":               {wire.Message{"respCode": "98"}, day, provider.FetchEmpty, provider.ClassNone},
		"no permission":      {wire.Message{"respCode": "32"}, day, provider.FetchRefused, provider.ClassClosed},
		"busy":               {wire.Message{"respCode": "06"}, day, provider.FetchUnknown, provider.ClassUnavailable},
		"nobody knows":       {wire.Message{"respCode": "99"}, day, provider.FetchUnknown, provider.ClassUnknown},
	} {
		call, file := w.call, bytes.Buffer{}
		call.Env.HTTP = answering{c2.answer}
		r := c.FetchStatement(context.Background(), call, "ZM", c2.day, &file)
		if r.State != c2.want || r.Class != c2.class || (r.State == provider.FetchDone) != (file.String() == "a bill") || int(r.Size) != file.Len() {
			t.Errorf("%s: %+v with %q", name, r, file.String())
		}
		if strings.Contains(r.Exchange.Response, content) {
			t.Errorf("%s: the exchange keeps the bill", name)
		}
	}
	call := w.call
	call.Env.HTTP = nil // whoever sends, panics
	for name, day := range map[string]time.Time{"too old": w.clock.Now().AddDate(0, 0, -331), "tomorrow": w.clock.Now().AddDate(0, 0, 1)} {
		if r := c.FetchStatement(context.Background(), call, "ZM", day, &bytes.Buffer{}); r.State != provider.FetchRefused && r.State != provider.FetchNotReady {
			t.Errorf("%s: %+v", name, r)
		}
	}
	if r := c.FetchStatement(context.Background(), call, "PED", day, &bytes.Buffer{}); r.State != provider.FetchRefused {
		t.Errorf("a kind that there is not: %+v", r)
	}
}
