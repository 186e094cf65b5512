package wire

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Scheme is the only Authorization scheme and Wechatpay-Signature-Type spoken here: SHA-256 with RSA PKCS#1 v1.5.
const Scheme = "WECHATPAY2-SHA256-RSA2048"

// Names of the headers that carry a signature of WeChat Pay. RequestIDHeader has a spelling that net/http would change to Request-Id: write it through the
// header map, because wechatpay-java looks headers up by exact case.
const (
	HeaderTimestamp     = "Wechatpay-Timestamp"
	HeaderNonce         = "Wechatpay-Nonce"
	HeaderSignature     = "Wechatpay-Signature"
	HeaderSerial        = "Wechatpay-Serial"
	HeaderSignatureType = "Wechatpay-Signature-Type"
	RequestIDHeader     = "Request-ID"
)

// ProbePrefix begins the signature value of a deliberately wrong response or notification, by which WeChat tests that merchants verify (signature probe).
const ProbePrefix = "WECHATPAY/SIGNTEST/"

// PublicKeyIDPrefix begins the id of a WeChat Pay public key, which stands where a certificate serial number stood (public-key mode).
const PublicKeyIDPrefix = "PUB_KEY_ID_"

const (
	maxAuthorization = 4096
	maxNonce         = 128
	maxSignature     = 1024 // decoded bytes; RSA-2048 makes 256
)

// SignFunc signs a canonical message with SHA-256 and RSA PKCS#1 v1.5 and returns the raw signature.
type SignFunc func(message []byte) (signature []byte, err error)

// VerifyFunc returns nil only when signature is one over exactly message.
type VerifyFunc func(message, signature []byte) error

// Errors of signature handling.
var (
	ErrAuthorization = errors.New("wechatpay: malformed Authorization header")
	ErrSignature     = errors.New("wechatpay: missing or malformed signature headers")
)

// RequestMessage is the text a merchant signs: method, request target, timestamp, nonce and body, each ended by one LF, the last one too. requestURI is path
// plus ?query exactly as sent, percent-encoding untouched; timestamp is in Unix seconds. An empty body leaves an empty line.
func RequestMessage(method, requestURI string, timestamp int64, nonce string, body []byte) []byte {
	b := make([]byte, 0, len(method)+len(requestURI)+len(nonce)+len(body)+24)
	b = append(append(b, method...), '\n')
	b = append(append(b, requestURI...), '\n')
	b = append(strconv.AppendInt(b, timestamp, 10), '\n')
	b = append(append(b, nonce...), '\n')
	return append(append(b, body...), '\n')
}

// ResponseMessage is the text WeChat signs on responses and notifications: timestamp (Unix seconds), nonce and the raw body, each ended by one LF. A 204 is
// signed too, over an empty body line.
func ResponseMessage(timestamp int64, nonce string, body []byte) []byte {
	b := make([]byte, 0, len(nonce)+len(body)+24)
	b = append(strconv.AppendInt(b, timestamp, 10), '\n')
	b = append(append(b, nonce...), '\n')
	return append(append(b, body...), '\n')
}

// JSAPIMessage is the text behind paySign of the page bridge and the mini program: appId, timeStamp (Unix seconds), nonceStr and package, each ended by one
// LF, where package is "prepay_id=" plus the prepay id.
func JSAPIMessage(appID string, timestamp int64, nonce, prepayID string) []byte {
	return fmt.Appendf(nil, "%s\n%d\n%s\nprepay_id=%s\n", appID, timestamp, nonce, prepayID)
}

// AppMessage is the text behind sign of a mobile app's payment: appid, timestamp (Unix seconds), noncestr and the bare prepay id, each ended by one LF.
func AppMessage(appID string, timestamp int64, nonce, prepayID string) []byte {
	return fmt.Appendf(nil, "%s\n%d\n%s\n%s\n", appID, timestamp, nonce, prepayID)
}

// Authorization is a parsed Authorization header. Timestamp is in Unix seconds.
type Authorization struct {
	MchID, Nonce, Serial string
	Timestamp            int64
	Signature            []byte
}

// String renders the header value in the parameter order of the official Go and Java SDKs.
func (a Authorization) String() string {
	return fmt.Sprintf(`%s mchid="%s",nonce_str="%s",timestamp="%d",serial_no="%s",signature="%s"`,
		Scheme, a.MchID, a.Nonce, a.Timestamp, a.Serial, base64.StdEncoding.EncodeToString(a.Signature))
}

// Authorize signs a request and returns its Authorization header value. It returns the error of sign.
func Authorize(a Authorization, method, requestURI string, body []byte, sign SignFunc) (string, error) {
	sig, err := sign(RequestMessage(method, requestURI, a.Timestamp, a.Nonce, body))
	if err != nil {
		return "", err
	}
	a.Signature = sig
	return a.String(), nil
}

// ParseAuthorization reads an Authorization header value with its parameters in any order; unknown parameters are ignored, repeated ones refused. It returns
// ErrAuthorization, wrapped with the reason, for anything else.
func ParseAuthorization(value string) (Authorization, error) {
	var a Authorization
	if len(value) > maxAuthorization {
		return a, fmt.Errorf("%w: longer than %d bytes", ErrAuthorization, maxAuthorization)
	}
	scheme, rest, ok := strings.Cut(value, " ")
	if !ok || scheme != Scheme {
		return a, fmt.Errorf("%w: scheme is not %s", ErrAuthorization, Scheme)
	}
	params, err := parseParams(rest)
	if err != nil {
		return a, err
	}
	for _, name := range []string{"mchid", "nonce_str", "timestamp", "serial_no", "signature"} {
		if params[name] == "" {
			return a, fmt.Errorf("%w: %s is missing", ErrAuthorization, name)
		}
	}
	a.MchID, a.Nonce, a.Serial = params["mchid"], params["nonce_str"], params["serial_no"]
	if len(a.Nonce) > maxNonce {
		return a, fmt.Errorf("%w: nonce_str is longer than %d bytes", ErrAuthorization, maxNonce)
	}
	if a.Timestamp, err = ParseTimestamp(params["timestamp"]); err != nil {
		return a, fmt.Errorf("%w: timestamp is not Unix seconds", ErrAuthorization)
	}
	if a.Signature, err = decodeSignature(params["signature"]); err != nil {
		return a, fmt.Errorf("%w: signature is not base64", ErrAuthorization)
	}
	return a, nil
}

// parseParams reads k="v" pairs separated by commas with optional spaces around them.
func parseParams(s string) (map[string]string, error) {
	params := make(map[string]string, 5)
	for s = strings.Trim(s, " "); s != ""; {
		key, rest, ok := strings.Cut(s, `="`)
		if !ok {
			return nil, fmt.Errorf("%w: a parameter is not name=\"value\"", ErrAuthorization)
		}
		val, tail, ok := strings.Cut(rest, `"`)
		if !ok {
			return nil, fmt.Errorf("%w: a quote is not closed", ErrAuthorization)
		}
		if _, dup := params[key]; dup {
			return nil, fmt.Errorf("%w: a parameter is repeated", ErrAuthorization)
		}
		if !plain(key) || !plain(val) {
			return nil, fmt.Errorf("%w: a parameter holds control or non-ASCII characters", ErrAuthorization)
		}
		params[key] = val
		tail = strings.TrimLeft(tail, " ")
		if tail == "" {
			break
		}
		if tail[0] != ',' {
			return nil, fmt.Errorf("%w: parameters are not separated by commas", ErrAuthorization)
		}
		if s = strings.TrimLeft(tail[1:], " "); s == "" {
			return nil, fmt.Errorf("%w: it ends with a comma", ErrAuthorization)
		}
	}
	return params, nil
}

// plain refuses LF above all: a nonce with a line feed would let one signature stand for two readings of the signed text.
func plain(s string) bool {
	for i := range len(s) {
		if s[i] < 0x21 || s[i] > 0x7e {
			return false
		}
	}
	return true
}

// Signature is what the Wechatpay-* headers of a response or notification say. Timestamp is in Unix seconds. Probe is set for a deliberate wrong signature.
type Signature struct {
	Timestamp     int64
	Nonce, Serial string
	Value         []byte
	Probe         bool
}

// ParseSignature reads the signature headers. All four are required, each at most once; another signature type than RSA is refused, as wechatpay-go does. It
// returns ErrSignature wrapped with the reason; for a probe it returns a Signature with Probe set and no error, and Check then fails.
func ParseSignature(h http.Header) (Signature, error) {
	var s Signature
	get := make(map[string]string, 4)
	for _, name := range []string{HeaderTimestamp, HeaderNonce, HeaderSignature, HeaderSerial} {
		v := h.Values(name)
		if len(v) != 1 || v[0] == "" || !plain(v[0]) {
			return s, fmt.Errorf("%w: %s must be there exactly once", ErrSignature, name)
		}
		get[name] = v[0]
	}
	if t := h.Get(HeaderSignatureType); t != "" && t != Scheme {
		return s, fmt.Errorf("%w: %s is not %s", ErrSignature, HeaderSignatureType, Scheme)
	}
	var err error
	if s.Timestamp, err = ParseTimestamp(get[HeaderTimestamp]); err != nil {
		return s, fmt.Errorf("%w: %s is not Unix seconds", ErrSignature, HeaderTimestamp)
	}
	s.Nonce, s.Serial = get[HeaderNonce], get[HeaderSerial]
	if len(s.Nonce) > maxNonce || len(s.Serial) > maxNonce {
		return s, fmt.Errorf("%w: nonce or serial is longer than %d bytes", ErrSignature, maxNonce)
	}
	if strings.HasPrefix(get[HeaderSignature], ProbePrefix) {
		s.Probe = true
		return s, nil
	}
	if s.Value, err = decodeSignature(get[HeaderSignature]); err != nil {
		return s, fmt.Errorf("%w: %s is not base64", ErrSignature, HeaderSignature)
	}
	return s, nil
}

// ClockWindow is how far the time in a signature may be from ours, as wechatpay-go has it: a difference of 300 s is refused.
const ClockWindow = 5 * time.Minute

// Reasons not to believe a message before its signature is even checked.
var (
	ErrWindow  = errors.New("wechatpay: the signature's time is five minutes or more away from ours; check the clock")
	ErrProbe   = errors.New("wechatpay: a signature probe, wrong on purpose; WeChat sends again")
	ErrTooLong = errors.New("wechatpay: the message is longer than one MiB")
)

// ReadSignature reads the signature headers of a message and refuses a probe, one whose time is not near now, and one that is too long.
func ReadSignature(now time.Time, h http.Header, body []byte) (Signature, error) {
	s, err := ParseSignature(h)
	switch {
	case err != nil:
		return s, err
	case s.Probe:
		return s, ErrProbe
	case now.Sub(time.Unix(s.Timestamp, 0)).Abs() >= ClockWindow:
		return s, ErrWindow
	case len(body) > MaxBody:
		return s, ErrTooLong
	}
	return s, nil
}

// Check verifies the signature over the raw body. It returns the error of verify, or ErrSignature for a probe.
func (s Signature) Check(body []byte, verify VerifyFunc) error {
	if s.Probe || len(s.Value) == 0 {
		return fmt.Errorf("%w: signature probe", ErrSignature)
	}
	return verify(ResponseMessage(s.Timestamp, s.Nonce, body), s.Value)
}

// SignHeaders signs the raw body as WeChat does and sets the Wechatpay-* headers. timestamp is in Unix seconds. It returns the error of sign.
func SignHeaders(h http.Header, serial string, timestamp int64, nonce string, body []byte, sign SignFunc) error {
	sig, err := sign(ResponseMessage(timestamp, nonce, body))
	if err != nil {
		return err
	}
	h.Set(HeaderTimestamp, strconv.FormatInt(timestamp, 10))
	h.Set(HeaderNonce, nonce)
	h.Set(HeaderSignature, base64.StdEncoding.EncodeToString(sig))
	h.Set(HeaderSerial, serial)
	h.Set(HeaderSignatureType, Scheme)
	return nil
}

// ParseTimestamp reads Unix seconds written in 1 to 11 digits without sign, so that one moment has one spelling in a signed text.
func ParseTimestamp(s string) (int64, error) {
	if s == "" || len(s) > 11 || (s[0] == '0' && s != "0") {
		return 0, fmt.Errorf("wechatpay: timestamp %.12q is not Unix seconds", s)
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return 0, fmt.Errorf("wechatpay: timestamp %.12q is not Unix seconds", s)
		}
	}
	return strconv.ParseInt(s, 10, 64)
}

// NormalSerial makes two spellings of one certificate serial number comparable: upper case, no leading zeros. Public key ids are left as they are.
func NormalSerial(serial string) string {
	if strings.HasPrefix(serial, PublicKeyIDPrefix) {
		return serial
	}
	return strings.TrimLeft(strings.ToUpper(serial), "0")
}

func decodeSignature(s string) ([]byte, error) {
	if base64.StdEncoding.DecodedLen(len(s)) > maxSignature {
		return nil, ErrSignature
	}
	return base64.StdEncoding.Strict().DecodeString(s)
}
