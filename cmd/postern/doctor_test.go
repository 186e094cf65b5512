package main

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	alipay "postern/provider/alipay/wire"
	wechatpay "postern/provider/wechatpay/wire"
	"postern/sim"
	"postern/web/ui"
)

// writeSpecimens puts signed messages where a script can have them examined: good ones, and ones that somebody damaged.
func writeSpecimens(dir string) error {
	key := sim.Key("script")
	signer := alipay.SignWith(key, alipay.SignTypeRSA2)
	var failed error
	write := func(name, text string) {
		failed = errors.Join(failed, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	body := `{"id":"EV-1","event_type":"TRANSACTION.SUCCESS","summary":"支付\/成功"}`
	h := http.Header{}
	failed = errors.Join(failed, wechatpay.SignHeaders(h, "PUB_KEY_ID_1", 1_795_320_000, "n0", []byte(body), wechatpay.SignFunc(signer)))
	message := "POST /cb HTTP/1.1\r\n"
	for name := range h {
		message += strings.ToLower(name) + ": " + h.Get(name) + "\r\n"
	}
	write("notice.http", message+"\r\n"+body+"\n")
	write("unescaped.http", message+"\r\n"+strings.ReplaceAll(body, `\/`, "/")+"\n")
	write("probe.http", strings.Replace(message, "wechatpay-signature: ", "wechatpay-signature: "+wechatpay.ProbePrefix, 1)+"\r\n"+body)

	p := alipay.Params{"app_id": "2021000000000001", "method": "alipay.trade.query", "charset": "utf-8", "timestamp": "2026-11-22 13:35:34", "version": "1.0", "biz_content": `{"out_trade_no":"A1"}`}
	failed = errors.Join(failed, p.SignRequest(signer)) // before sign_type is there
	p["sign_type"] = alipay.SignTypeRSA2
	query, form := p.Split()
	write("request.curl", "curl -X POST 'https://openapi.example/gateway.do?"+query+"' --data-raw '"+form+"'\n")
	har, err := json.Marshal(map[string]any{"request": map[string]any{"method": "POST", "url": "https://openapi.example/gateway.do?" + query, "headers": []any{}, "postData": map[string]any{"text": form}}})
	write("request.har", string(har))
	delete(p, "sign_type")
	write("built.txt", string(alipay.RequestString(p))+"\n")
	signature, _ := base64.StdEncoding.DecodeString(p["sign"])
	answer, err2 := alipay.Seal("alipay.trade.query", []byte(`{"code":"10000"}`), false, func([]byte) ([]byte, error) { return signature, nil })
	write("answer.txt", string(answer))
	write("v2.xml", string(wechatpay.Fields{"mch_id": "1900009191", "nonce_str": "x", "sign": strings.ToLower(wechatpay.Fields{"mch_id": "1900009191", "nonce_str": "x"}.SignatureOf(wechatpay.SignMD5, []byte("0123456789abcdef0123456789abcdef")))}.XML("xml")))
	return errors.Join(failed, err, err2)
}

// TestTerminalLang takes the language from the environment, in the order of POSIX.
func TestTerminalLang(t *testing.T) {
	for _, c := range []struct {
		env  map[string]string
		want ui.Lang
	}{{map[string]string{"LANG": "zh_CN.UTF-8"}, ui.ZH}, {map[string]string{"LANG": "zh_CN.UTF-8", "LC_ALL": "C"}, ui.EN}, {nil, ui.EN}} {
		if got := terminalLang(func(name string) string { return c.env[name] }); got != c.want {
			t.Errorf("%v: %s", c.env, got)
		}
	}
}
