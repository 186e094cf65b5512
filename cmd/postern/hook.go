package main

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"

	"postern/webhook"
)

// hook is the demo merchant's webhook receiver. It believes only what is signed with its secret.
type hook struct {
	url    string
	secret string

	mu  sync.Mutex
	got []received
	bad int
}

// received is one webhook as it arrived.
type received struct {
	webhook.Body
	At time.Time
}

func startHook(ctx context.Context) (*hook, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	h := &hook{url: "http://" + l.Addr().String() + "/hook"}
	server := &http.Server{Handler: h, ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = server.Serve(l) }()
	context.AfterFunc(ctx, func() { _ = server.Close() })
	return h, nil
}

func (h *hook) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	payload, err := readAll(r.Body)
	if err != nil {
		http.Error(w, "cut", http.StatusBadRequest)
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	seconds, _ := strconv.ParseInt(r.Header.Get("Webhook-Timestamp"), 10, 64) // A bad number fails the comparison below.
	want, err := webhook.Sign(r.Header.Get("Webhook-Id"), time.Unix(seconds, 0), payload, h.secret)
	var body webhook.Body
	if err != nil || want != r.Header.Get("Webhook-Signature") || json.Unmarshal(payload, &body) != nil {
		h.bad++
		http.Error(w, "not believed", http.StatusUnauthorized)
		return
	}
	h.got = append(h.got, received{Body: body, At: time.Now()})
}

// list returns what was received and believed, in order of arrival.
func (h *hook) list() []received {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]received(nil), h.got...)
}
