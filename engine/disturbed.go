package engine

import (
	"bytes"
	"encoding/json"

	"postern"
	"postern/provider"
)

// disturbances are what proxies and frameworks in front of a switch do to a message, and how it is undone as far as it can be. None of it makes a message good: what the provider
// signed are the bytes that it sent.
var disturbances = []struct {
	name string
	undo func([]byte) []byte
}{
	{"white space was added around it", bytes.TrimSpace},
	{"its JSON was laid out anew", compact},
	{"its line ends were changed", func(b []byte) []byte { return bytes.ReplaceAll(b, []byte("\r\n"), []byte("\n")) }},
	{"its slashes were unescaped", func(b []byte) []byte { return bytes.ReplaceAll(plainSlashes(b), []byte("/"), []byte(`\/`)) }},
	{"its slashes were escaped", plainSlashes},
	{"its text was escaped for HTML", unescapeHTML},
	{"its JSON was laid out anew and its slashes were unescaped", func(b []byte) []byte { return bytes.ReplaceAll(plainSlashes(compact(b)), []byte("/"), []byte(`\/`)) }},
}

// disturbed says what was done on the way to a message that no key fits; empty when nothing is found. It costs a few signature checks, for messages that are refused in any
// case, and those are bounded by who calls.
func disturbed(connector provider.Notifiable, call provider.Call, a postern.Attempt, message provider.Message) string {
	var tried [][]byte
	for _, d := range disturbances {
		changed := d.undo(bytes.Clone(message.Body))
		if bytes.Equal(changed, message.Body) || among(tried, changed) {
			continue
		}
		tried = append(tried, changed)
		again := message
		again.Body = changed
		if _, err := connector.ReadNotification(call, a, again); err == nil {
			return "the message was changed on its way: " + d.name + ". A proxy or a framework in front of the switch must pass bodies on byte by byte"
		}
	}
	return ""
}

func among(list [][]byte, b []byte) bool {
	for _, other := range list {
		if bytes.Equal(other, b) {
			return true
		}
	}
	return false
}

func compact(b []byte) []byte {
	var out bytes.Buffer
	if json.Compact(&out, b) != nil {
		return b
	}
	return out.Bytes()
}

func plainSlashes(b []byte) []byte { return bytes.ReplaceAll(b, []byte(`\/`), []byte("/")) }

func unescapeHTML(b []byte) []byte {
	for escaped, plain := range map[string]string{`\u0026`: "&", `\u003c`: "<", `\u003e`: ">"} {
		b = bytes.ReplaceAll(b, []byte(escaped), []byte(plain))
	}
	return b
}
