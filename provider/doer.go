package provider

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptrace"
)

// HTTPDoer sends requests through an http.Client and tells apart what was certainly not sent from what may have been.
type HTTPDoer struct{ Client *http.Client }

// Do sends a request once. An error wraps ErrNotSent only when no connection was ever handed to the request, so that not one byte can have left. GetBody is
// cleared, because with it net/http resends a request by itself when a kept connection turns out to be closed.
func (d HTTPDoer) Do(request *http.Request) (*http.Response, error) {
	connected := false
	trace := &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { connected = true }}
	request = request.WithContext(httptrace.WithClientTrace(request.Context(), trace))
	request.GetBody = nil
	response, err := d.Client.Do(request)
	if err != nil && !connected {
		return nil, fmt.Errorf("%w: %w", ErrNotSent, err)
	}
	return response, err
}

// WithCertificate returns a Doer that shows this client certificate. Its connections are its own and are not kept, so that no other account's request ever
// travels over one of them.
func (d HTTPDoer) WithCertificate(certificate tls.Certificate) (Doer, error) {
	transport, ok := d.Client.Transport.(*http.Transport)
	if !ok {
		return nil, fmt.Errorf("%w: the client's transport takes no certificates", ErrNotSent)
	}
	transport = transport.Clone()
	if transport.TLSClientConfig == nil {
		transport.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	transport.TLSClientConfig.Certificates = []tls.Certificate{certificate}
	transport.DisableKeepAlives = true
	client := *d.Client
	client.Transport = transport
	return HTTPDoer{Client: &client}, nil
}

// ShowCertificate returns a Doer that shows the client certificate of this PEM, which holds the private key too. Its errors quote neither.
func ShowCertificate(doer Doer, pem []byte) (Doer, error) {
	certificate, err := tls.X509KeyPair(pem, pem)
	if err != nil {
		return nil, errors.New("provider: the client certificate's PEM is not a certificate with its private key")
	}
	certified, ok := doer.(CertifiedDoer)
	if !ok {
		return nil, errors.New("provider: this switch's way out shows no client certificates")
	}
	return certified.WithCertificate(certificate)
}

// NotSent says that an error of a Doer proves that nothing was sent.
func NotSent(err error) bool { return errors.Is(err, ErrNotSent) }
