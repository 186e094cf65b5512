package wire

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// maxKept is how many bytes of a message are kept for people to read.
const maxKept = 64 << 10

// Kept is a message as it is kept: bounded, and valid UTF-8.
func Kept(b []byte) string {
	return strings.ToValidUTF8(string(b[:min(len(b), maxKept)]), "\uFFFD")
}

// ReadBody reads an answer of at most MaxBody bytes. Its error never looks like one of sending.
func ReadBody(r io.Reader) ([]byte, error) {
	raw, err := io.ReadAll(io.LimitReader(r, MaxBody+1))
	switch {
	case err != nil:
		return raw, errors.New("wechatpay: the answer broke off: " + err.Error())
	case len(raw) > MaxBody:
		return raw, ErrTooLong
	}
	return raw, nil
}

// NewNonce is 32 hex digits, the longest that nonce_str may be.
func NewNonce(random io.Reader) (string, error) {
	var b [16]byte
	if _, err := io.ReadFull(random, b[:]); err != nil {
		return "", fmt.Errorf("wechatpay: randomness: %w", err)
	}
	return hex.EncodeToString(b[:]), nil
}

// Once keeps net/http from sending a request again by itself when a kept connection breaks: it repeats whatever it can rewind, and every GET without a body. An
// empty body that it cannot rewind leaves the bytes on the wire as they are.
func Once(req *http.Request) {
	if req.Body == nil || req.Body == http.NoBody {
		req.Body = io.NopCloser(bytes.NewReader(nil))
	}
	req.GetBody = nil
}

// Request builds and signs a call of API v3. shown is what may be kept of it. Nothing is sent.
func (a Ask) Request(ctx context.Context, base string, auth Authorization, sign SignFunc) (req *http.Request, shown string, err error) {
	var raw []byte
	if a.Body != nil {
		if raw, err = Encode(a.Body); err != nil {
			return nil, "", err
		}
	}
	if req, err = http.NewRequestWithContext(ctx, a.Method, base+a.Target, bytes.NewReader(raw)); err != nil {
		return nil, "", fmt.Errorf("wechatpay: setting base_url: %w", err)
	}
	Once(req)
	header, err := Authorize(auth, a.Method, req.URL.RequestURI(), raw, sign)
	if err != nil {
		return nil, "", err
	}
	req.Header.Set("Authorization", header)
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", "postern")
	if a.Body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if a.KeyID != "" {
		req.Header.Set(HeaderSerial, a.KeyID)
	}
	return req, a.Method + " " + req.URL.RequestURI() + "\n" + Kept(raw), nil
}

// V2Request is the same call in API v2, signed with the API key.
func (a Ask) V2Request(ctx context.Context, base, nonce, kind string, key []byte) (req *http.Request, shown string, err error) {
	a.V2["nonce_str"] = nonce
	a.V2.Sign(kind, key)
	raw := a.V2.XML("xml")
	if req, err = http.NewRequestWithContext(ctx, http.MethodPost, base+a.V2Path, bytes.NewReader(raw)); err != nil {
		return nil, "", fmt.Errorf("wechatpay: setting base_url: %w", err)
	}
	Once(req)
	req.Header.Set("Content-Type", "text/xml; charset=utf-8")
	req.Header.Set("User-Agent", "postern")
	return req, "POST " + a.V2Path + "\n" + Kept(raw), nil
}

// HostOf is the host of an address, as consoles want domains: without port.
func HostOf(address string) string {
	if u, err := url.Parse(address); err == nil && u.Host != "" {
		return u.Hostname()
	}
	return address
}

// WithoutAddress drops the address that net/http puts into its errors, where the address holds a secret.
func WithoutAddress(err error) error {
	var ue *url.Error
	if errors.As(err, &ue) {
		return ue.Err
	}
	return err
}
