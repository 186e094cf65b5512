package provider_test

import (
	"bufio"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"postern/provider"
)

// cutter accepts connections and cuts each where the test says.
func cutter(t *testing.T, serve func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			serve(c)
			_ = c.Close()
		}
	}()
	return l.Addr().String()
}

// TestOnlyAnUnsentRequestIsNotSent cuts the line at every place: only a connection that never came about proves that nothing happened (F2).
func TestOnlyAnUnsentRequestIsNotSent(t *testing.T) {
	read := func(c net.Conn) { _, _ = bufio.NewReader(c).ReadString('\n') }
	refused, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := refused.Addr().String()
	_ = refused.Close()
	for _, c := range []struct {
		name    string
		address string
		notSent bool
	}{
		{"connection refused", nobody, true},
		{"cut at byte 0", cutter(t, func(net.Conn) {}), false},
		{"cut in the request", cutter(t, read), false},
		{"cut in the status line", cutter(t, func(c net.Conn) { read(c); _, _ = c.Write([]byte("HTTP/1.1 2")) }), false},
		{"cut in the headers", cutter(t, func(c net.Conn) { read(c); _, _ = c.Write([]byte("HTTP/1.1 200 OK\r\nContent-Le")) }), false},
	} {
		request, err := http.NewRequest(http.MethodPost, "http://"+c.address+"/pay", strings.NewReader("amount=1"))
		if err != nil {
			t.Fatal(err)
		}
		doer := provider.HTTPDoer{Client: &http.Client{Transport: &http.Transport{}, Timeout: 5 * time.Second}}
		response, err := doer.Do(request)
		if err == nil {
			_ = response.Body.Close()
			t.Errorf("%s: no error", c.name)
			continue
		}
		if provider.NotSent(err) != c.notSent {
			t.Errorf("%s: NotSent is %v, want %v (%v)", c.name, provider.NotSent(err), c.notSent, err)
		}
	}
}
