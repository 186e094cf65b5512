package alipay

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"postern/provider"
	"postern/provider/alipay/wire"
)

var _ provider.Faced = (*Connector)(nil)

// Settings and key fields of an account that we issue. A merchant speaks with a key (faceMerchant) or with a certificate (faceMerchantCert): with the certificate the account
// answers in certificate mode.
const (
	faceSeller       = "seller_id"
	faceTellClosed   = "notify_closed"
	faceMerchant     = "merchant_public"
	faceMerchantCert = "merchant_certificate"
	facePlatform     = "platform_private"
	facePlatformCert = "platform_certificate"
	faceRoot         = "platform_root"
	faceContent      = "aes"
)

// faceRetries are the documented waits before each new try of a notification.
var faceRetries = []time.Duration{4 * time.Minute, 10 * time.Minute, 10 * time.Minute, time.Hour, 2 * time.Hour, 6 * time.Hour, 15 * time.Hour}

// Paths of the facade beside the gateway and v3. The first is Alipay's own; the others are ours, for what at Alipay only its app can read.
const (
	facePathBill    = "/downloadBillFile.resource"
	facePathApp     = "/app"
	facePathCashier = "/cashier"
)

// Face describes the account that a merchant whose code speaks Alipay's protocol is issued.
func (*Connector) Face() provider.FaceDescription { return face }

var face = provider.FaceDescription{
	Number: func(now time.Time, random func(int) int) string {
		return now.In(wire.Beijing).Format("2006") + randomDigits(12, random)
	},
	TradeNo: func(now time.Time, random func(int) int) string {
		return now.In(wire.Beijing).Format("20060102") + "22001" + randomDigits(15, random)
	},
	Mint: func(field string, random func(int) int) string {
		if field != faceContent {
			return ""
		}
		var key [16]byte
		for i := range key {
			key[i] = byte(random(256))
		}
		return base64.StdEncoding.EncodeToString(key[:])
	},
	Settings: []provider.Field{
		{Name: faceSeller, LabelZH: "收款账号 PID", LabelEN: "Seller id", Help: "the 2088... number that the merchant's code compares notifications with; without it one is made of the app id"},
		{Name: faceTellClosed, LabelZH: "关单通知", LabelEN: "Products that notify of a closing", Default: "h5,app", Help: "of page, h5, app, native, jsapi, barcode; as in the product's notification settings at Alipay"},
	},
	Keys: []provider.KeyField{
		{Name: faceMerchant, Kind: provider.KeyRSAPublic, LabelZH: "应用公钥", LabelEN: "The merchant's app public key; or its certificate", Required: true, Instead: []string{faceMerchantCert}},
		{Name: faceMerchantCert, Kind: provider.KeyCertificate, LabelZH: "应用公钥证书（证书模式）", LabelEN: "The merchant's app certificate (certificate mode)"},
		{Name: facePlatform, Kind: provider.KeyRSAPrivate, LabelZH: "平台私钥", LabelEN: "Our signing key", Required: true, Own: true},
		{Name: facePlatformCert, Kind: provider.KeyCertificate, LabelZH: "支付宝公钥证书（证书模式）", LabelEN: "Certificate of our signing key (certificate mode)", Own: true},
		{Name: faceRoot, Kind: provider.KeyAuthority, LabelZH: "支付宝根证书（证书模式）", LabelEN: "Root of our certificates (certificate mode)", Own: true},
		{Name: faceContent, Kind: provider.KeySecret, LabelZH: "接口内容加密密钥（AES）", LabelEN: "Content encryption key (AES, base64)", Own: true},
	},
	ShortSerials: true, // PHP's clients number others differently
	Retries:      faceRetries,
	Paste: []provider.PasteHelp{
		{SDK: "alipay-sdk (Node)", ZH: "gateway 填 {base_url}/gateway.do，v3 的 endpoint 填 {base_url}；appId 填 {number}；alipayPublicKey 填平台公钥。",
			EN: "gateway: {base_url}/gateway.do; endpoint (v3): {base_url}; appId: {number}; alipayPublicKey: the platform public key."},
		{SDK: "alipay-sdk-java", ZH: "serverUrl 填 {base_url}/gateway.do，appId 填 {number}，alipayPublicKey 填平台公钥；证书模式换上平台的三份证书。",
			EN: "serverUrl: {base_url}/gateway.do; appId: {number}; alipayPublicKey: the platform public key. In certificate mode install the three certificates."},
		{SDK: "alipay-easysdk", ZH: "gatewayHost 只填主机名，protocol 填 {scheme}；路径由 SDK 补上。", EN: "gatewayHost: the host alone; protocol: {scheme}. The SDK adds the path."},
		{SDK: "alipay-sdk-python", ZH: "这个 SDK 不认端口，须用 443 或 80 端口的地址 {base_url}/gateway.do。", EN: "This SDK cannot use a port in the address: {base_url}/gateway.do must be on 443 or 80."},
		{SDK: "yansongda/pay", ZH: "地址是常量：配置项 http 里给一个 Guzzle handler，把 openapi.alipay.com 换成 {base_url}；web() 和 h5() 的表单地址也要换。app_id 填 {number}，换上平台的三份证书。",
			EN: "Its address is a constant: in the option http give a Guzzle handler that replaces openapi.alipay.com by {base_url}, and replace it in the forms of web() and h5(). app_id {number}; install the three certificates."},
		{SDK: "alipay-sdk-php", ZH: "网关地址填 {base_url}/gateway.do，appId 填 {number}，支付宝公钥填平台公钥。", EN: "The gateway's address: {base_url}/gateway.do; appId: {number}; the Alipay public key: the platform public key."},
		{SDK: "gopay", ZH: "v2 的地址写死在 SDK 里：http.Client 的 Transport 把 openapi.alipay.com 换成 {base_url}；AppId 填 {number}，验签用平台公钥。",
			EN: "Its address of v2 is fixed: a Transport of http.Client that replaces openapi.alipay.com by {base_url}; app id {number}; verify with the platform public key."},
		{SDK: "smartwalle/alipay", ZH: "网关地址换成 {base_url}/gateway.do，AppId 填 {number}，支付宝公钥换成平台公钥。", EN: "The gateway: {base_url}/gateway.do; app id {number}; the Alipay public key: the platform public key."},
	},
}

func randomDigits(n int, random func(int) int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte('0' + random(10))
	}
	return string(b)
}

// faceCall is one request whose signature was verified, or as much of it as was read when it was refused.
type faceCall struct {
	g        provider.Gateway
	account  provider.FaceAccount
	known    bool // the account was found: answers can be signed
	method   string
	signType string
	raw      wire.Params // as it came, in its charset: what the signature is over
	params   wire.Params // raw, as text
	charset  wire.Charset
	unread   error // what of the request could not be read
	biz      wire.Object
	plain    []byte // biz_content, decrypted
	ip       string
	content  wire.ContentKey // not empty when the content came encrypted
	certSN   string          // of our certificate, in certificate mode
	v3       bool
	// forwarded is Alipay's own answer about an order of before the switch-over, byte for byte.
	forwarded []byte
}

// faceRefusal is an answer that is not a success.
type faceRefusal struct {
	code, sub, message string
	with               wire.Fields // fields that stand beside the error
}

// ServeFace answers one request: the gateway of the second version, the paths of the third, a bill's download, and two addresses of ours.
func (c *Connector) ServeFace(w http.ResponseWriter, r *http.Request, g provider.Gateway) {
	r.Body = http.MaxBytesReader(w, r.Body, wire.MaxForm)
	switch path := r.URL.Path; {
	case path == wire.GatewayPath:
		c.faceGateway(w, r, g)
	case strings.HasPrefix(path, wire.V3Prefix):
		c.faceV3(w, r, g)
	case path == facePathApp:
		c.faceApp(w, r, g)
	case path == facePathCashier:
		faceCashier(w, r, g)
	case path == facePathBill:
		faceDownload(w, r, g)
	default:
		w.WriteHeader(http.StatusNotFound)
	}
}

// faceGateway serves /gateway.do, GET or POST, with its parameters in the query, the body or both.
func (c *Connector) faceGateway(w http.ResponseWriter, r *http.Request, g provider.Gateway) {
	call := &faceCall{g: g, ip: remoteIP(r)}
	call.read(r)
	call.method = call.params["method"]
	m := faceMethods[call.method]
	bad := call.admit(r.Context(), m)
	if m.page != nil {
		call.browse(w, r, m, bad)
		return
	}
	fields, bad := call.perform(r.Context(), m, bad)
	answerFace(w, call, m, fields, bad)
}

// faceApp takes the signed string that a merchant's server makes for Alipay's app SDK, which nobody but Alipay's app can open, and leads to the cashier instead.
func (c *Connector) faceApp(w http.ResponseWriter, r *http.Request, g provider.Gateway) {
	call := &faceCall{g: g, ip: remoteIP(r), method: wire.MethodAppPay}
	m := faceMethod{page: placeApp}
	call.read(r)
	bad := call.admit(r.Context(), m)
	if bad == nil && call.params["method"] != wire.MethodAppPay {
		bad = &faceRefusal{code: wire.CodeInvalidArgument, sub: "isv.invalid-method", message: "不存在的方法名"}
	}
	call.browse(w, r, m, bad)
}

// faceCashier leads the buyer of a created trade, for whom the merchant's page has only the trade_no, to the cashier.
func faceCashier(w http.ResponseWriter, r *http.Request, g provider.Gateway) {
	q := r.URL.Query()
	a, err := g.Account(r.Context(), q.Get("app_id"))
	if err == nil && q.Get("trade_no") != "" {
		var o provider.FacedOrder
		if o, err = g.Find(r.Context(), a, provider.FaceKey{TradeNo: q.Get("trade_no")}); err == nil {
			http.Redirect(w, r, o.CashierURL, http.StatusFound)
			return
		}
	}
	errorPage(w, notExistFace)
}

// read takes a request's parameters apart. One that cannot be read whole, or not in its charset, is refused by admit, under the account's signature: the names that matter for that
// are ASCII in either charset.
func (c *faceCall) read(r *http.Request) {
	c.raw, c.unread = faceParams(r)
	c.signType = c.raw["sign_type"]
	var err error
	if c.charset, err = wire.ParseCharset(c.raw["charset"]); err != nil {
		c.charset = wire.UTF8 // admit says that it is another
	}
	if c.params, err = c.raw.In(c.charset); err != nil {
		c.params, c.unread = c.raw, errors.Join(c.unread, err)
	}
}

// faceParams merges query and body, the first value of a name wins. Multipart bodies give their text fields; a file is not signed and not read. Beside an error stands what could be
// read.
func faceParams(r *http.Request) (wire.Params, error) {
	kind, attributes, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if kind != "multipart/form-data" {
		body, err := io.ReadAll(r.Body) // ServeFace has bounded it
		p, bad := wire.ReadRequest(r.URL.RawQuery, string(body))
		return p, errors.Join(err, bad)
	}
	texts := url.Values{}
	parts := multipart.NewReader(r.Body, attributes["boundary"])
	var err error
	for err == nil {
		var part *multipart.Part
		if part, err = parts.NextPart(); err != nil || part.FileName() != "" {
			continue
		}
		var value []byte
		value, err = io.ReadAll(part)
		texts.Add(part.FormName(), string(value))
	}
	p, bad := wire.ReadRequest(r.URL.RawQuery, texts.Encode())
	if !errors.Is(err, io.EOF) {
		bad = errors.Join(err, bad)
	}
	return p, bad
}

// remoteIP is who calls; "" when that is no address.
func remoteIP(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil || net.ParseIP(host) == nil {
		return ""
	}
	return host
}

// sellerOf is the number that notifications and bills name as the seller: stable for an account.
func sellerOf(a provider.FaceAccount) string {
	if s := a.Settings[faceSeller]; s != "" {
		return s
	}
	return "2088" + a.Number[max(0, len(a.Number)-12):]
}

// tagOf makes n digits out of a text, always the same ones: for numbers that name an answer and prove nothing.
func tagOf(n int, parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\n")))
	b := []byte(hex.EncodeToString(sum[:]))[:n]
	for i, c := range b {
		b[i] = '0' + c%10
	}
	return string(b)
}
