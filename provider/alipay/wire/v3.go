package wire

import (
	"fmt"
	"maps"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// The third version of the protocol: JSON over paths, signed in headers. Its fields are the second's. Page and app orders have no form there.
//
// Source: the documents' digest and the official Node SDK's curl, which drives the sandbox.
const (
	V3Prefix         = "/v3/"
	V3Scheme         = "ALIPAY-SHA256withRSA"
	V3Skew           = 10 * time.Minute
	V3Timestamp      = "alipay-timestamp"
	V3Nonce          = "alipay-nonce"
	V3Signature      = "alipay-signature"
	V3SN             = "alipay-sn"
	V3RequestID      = "alipay-request-id"
	V3RootSN         = "alipay-root-cert-sn"
	V3AppAuthToken   = "alipay-app-auth-token"
	V3Algorithm      = "alipay-encryption-algm" // the official Node SDK sends both
	V3EncryptType    = "alipay-encrypt-type"
	signSeparator    = ",sign="
	v3AuthorityBytes = 1024
)

// V3Path is a method's path.
func V3Path(method string) string { return V3Prefix + strings.ReplaceAll(method, ".", "/") }

// V3Method is the method of a path.
func V3Method(path string) string {
	return strings.ReplaceAll(strings.TrimPrefix(path, V3Prefix), "/", ".")
}

// V3Get says that a method is asked with GET, its fields in the query.
func V3Get(method string) bool { return method == MethodBill || method == MethodShareQuery }

// V3Query writes fields as the query of a GET, sorted.
func V3Query(fields Fields) string {
	q := url.Values{}
	for _, f := range fields {
		if s, ok := f.Value.(string); ok {
			q.Set(f.Name, s)
		}
	}
	return q.Encode()
}

// V3Authority is what the Authorization header says before its signature, in the order that the official SDKs write.
func V3Authority(appID, certSN, nonce string, at time.Time) string {
	s := "app_id=" + appID
	if certSN != "" {
		s += ",app_cert_sn=" + certSN
	}
	return s + ",nonce=" + nonce + ",timestamp=" + strconv.FormatInt(at.UnixMilli(), 10)
}

// V3RequestString is what a request's signature covers. The token's line is there only when its header is.
func V3RequestString(authority, verb, pathAndQuery, body, token string) []byte {
	s := authority + "\n" + verb + "\n" + pathAndQuery + "\n" + body + "\n"
	if token != "" {
		s += token + "\n"
	}
	return []byte(s)
}

// V3ResponseString is what an answer's signature covers.
func V3ResponseString(timestamp, nonce string, body []byte) []byte {
	return append([]byte(timestamp+"\n"+nonce+"\n"+string(body)), '\n')
}

// VerifyV3 checks an answer's signature, and that it is of these ten minutes: an answer is not to be believed for ever. It returns ErrUnsigned, ErrSignature or ErrMalformed,
// wrapped.
func VerifyV3(timestamp, nonce string, body []byte, encoded string, verify Verify, now time.Time) error {
	if err := check(encoded, V3ResponseString(timestamp, nonce, body), verify); err != nil {
		return err
	}
	ms, err := strconv.ParseInt(timestamp, 10, 64)
	if d := now.Sub(time.UnixMilli(ms)); err != nil || d > V3Skew || d < -V3Skew {
		return fmt.Errorf("%w: the timestamp %.20q is not of these ten minutes", ErrMalformed, timestamp)
	}
	return nil
}

// V3Authorization writes the header.
func V3Authorization(authority string, signature []byte) string {
	return V3Scheme + " " + authority + signSeparator + EncodeSignature(signature)
}

// V3Credentials are what an Authorization header says. Authority is its text before the signature, as it was sent.
type V3Credentials struct {
	Authority string
	AppID     string
	CertSN    string
	Nonce     string
	Time      time.Time
	Signature []byte
}

// V3Call is one call before it is signed. CertSN and RootSN are certificate mode's, Token a partner's; with a Key the content of a POST is encrypted.
type V3Call struct {
	Method, AppID, CertSN, RootSN, Token string
	Fields                               Fields
	Key                                  ContentKey
	Nonce, RequestID                     string
	Time                                 time.Time
}

// V3Message is a signed call as it is sent. Content is the body before it was encrypted.
type V3Message struct {
	Verb, Target, Body, Content string
	Header                      map[string]string
}

// Message lays out and signs a call.
func (c V3Call) Message(sign Sign) (V3Message, error) {
	m := V3Message{Verb: "POST", Target: V3Path(c.Method), Content: string(c.Fields.Marshal())}
	kind, encrypted := "application/json", ""
	if V3Get(c.Method) {
		m.Verb, m.Target, m.Content = "GET", m.Target+"?"+V3Query(c.Fields), ""
	}
	m.Body = m.Content
	if len(c.Key) > 0 && m.Content != "" {
		var err error
		if m.Body, err = c.Key.Encrypt([]byte(m.Content)); err != nil {
			return m, err
		}
		kind, encrypted = "text/plain", EncryptAES
	}
	authority := V3Authority(c.AppID, c.CertSN, c.Nonce, c.Time)
	signature, err := sign(V3RequestString(authority, m.Verb, m.Target, m.Body, c.Token))
	if err != nil {
		return m, fmt.Errorf("alipay: sign: %w", err)
	}
	m.Header = map[string]string{
		"Authorization": V3Authorization(authority, signature), "Content-Type": kind, V3RequestID: c.RequestID, V3RootSN: c.RootSN, V3AppAuthToken: c.Token,
		V3EncryptType: encrypted, V3Algorithm: encrypted,
	}
	maps.DeleteFunc(m.Header, func(_, value string) bool { return value == "" })
	return m, nil
}

// ParseV3Authorization reads the header. A field that appears twice is refused. It returns ErrTooLarge, ErrMalformed, ErrUnsigned or ErrSignature, wrapped.
func ParseV3Authorization(header string) (V3Credentials, error) {
	var c V3Credentials
	if len(header) > v3AuthorityBytes {
		return c, fmt.Errorf("%w: Authorization of %d bytes", ErrTooLarge, len(header))
	}
	rest, ok := strings.CutPrefix(header, V3Scheme+" ")
	cut := strings.LastIndex(rest, signSeparator)
	if !ok || cut < 0 {
		return c, fmt.Errorf("%w: Authorization is not %s ...,sign=", ErrMalformed, V3Scheme)
	}
	c.Authority = rest[:cut]
	var err error
	if c.Signature, err = DecodeSignature(rest[cut+len(signSeparator):]); err != nil {
		return c, err
	}
	seen := map[string]string{}
	for pair := range strings.SplitSeq(c.Authority, ",") {
		name, value, found := strings.Cut(pair, "=")
		if _, twice := seen[name]; twice || !found {
			return c, fmt.Errorf("%w: Authorization: %.40q", ErrMalformed, pair)
		}
		seen[name] = value
	}
	ms, err := strconv.ParseInt(seen["timestamp"], 10, 64)
	if err != nil || seen["app_id"] == "" || seen["nonce"] == "" {
		return c, fmt.Errorf("%w: Authorization without app_id, nonce or timestamp in milliseconds", ErrMalformed)
	}
	c.AppID, c.CertSN, c.Nonce, c.Time = seen["app_id"], seen["app_cert_sn"], seen["nonce"], time.UnixMilli(ms)
	return c, nil
}
