package wire

import (
	"bytes"
	"encoding/json"
	"testing"
)

func FuzzExtract(f *testing.F) {
	for _, s := range vectors(f).Shapes {
		f.Add([]byte(s.Body))
	}
	f.Add([]byte(`{"error_response":{"code":"40002"},"sign":""}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		env, err := Extract(body, MethodCreate)
		if err != nil {
			return
		}
		if !json.Valid(env.Value) || !bytes.Contains(body, env.Value) {
			t.Fatalf("extracted %q from %q", env.Value, body)
		}
		if o, err := env.Object(); err == nil {
			var again map[string]json.RawMessage
			if err := json.Unmarshal(env.Value, &again); err != nil || len(again) != len(o) {
				t.Fatalf("two parses disagree on %q", env.Value)
			}
		}
	})
}

func FuzzParseNotify(f *testing.F) {
	f.Add(vector{}.named(f, "node-notify-trade").params(f).Encode())
	f.Add("a=1&a=2")
	f.Fuzz(func(t *testing.T, body string) {
		n, err := ParseNotify(body)
		if err != nil {
			return
		}
		again, err := ParseNotify(n.Params.Encode())
		if err != nil || again.TotalAmount != n.TotalAmount || string(NotifyString(again.Params)) != string(NotifyString(n.Params)) {
			t.Fatalf("two parses disagree on %q: %v", body, err)
		}
		if n.TotalAmount < 0 || n.TotalAmount > MaxAmount || n.TradeNo == "" {
			t.Fatalf("impossible notification %+v", n)
		}
	})
}

func FuzzParseYuan(f *testing.F) {
	for _, s := range []string{"0.01", "68.00", "1e5", "-1", "100000000.01", "٣"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		fen, err := ParseYuan(s)
		if err != nil {
			return
		}
		if again, err := ParseYuan(FormatYuan(fen)); err != nil || again != fen || fen < 0 || fen > MaxAmount {
			t.Fatalf("%q is %d, comes back as %d (%v)", s, fen, again, err)
		}
	})
}

func FuzzMarshalString(f *testing.F) {
	f.Add("a/b\"\\\u2028\x01<&>")
	f.Fuzz(func(t *testing.T, s string) {
		raw := Fields{{"v", s}}.Marshal()
		o, err := ParseObject(raw)
		if err != nil {
			t.Fatalf("%q was written as %q: %v", s, raw, err)
		}
		if want := string([]rune(s)); o.Text("v") != want {
			t.Fatalf("%q comes back as %q", s, o.Text("v"))
		}
	})
}

// FuzzParseObject compares our walk with encoding/json's.
func FuzzParseObject(f *testing.F) {
	for _, s := range vectors(f).Shapes {
		f.Add([]byte(s.Body))
	}
	f.Add([]byte(" {\"a\" : [ 1 , {\"\\u0061\":null} ,\"]}\\\\\"], \"b\":-1.5e3 ,\"c\":{}}\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		o, err := ParseObject(raw)
		if err != nil {
			return
		}
		var want map[string]json.RawMessage
		if err := json.Unmarshal(raw, &want); err != nil || len(want) != len(o) {
			t.Fatalf("%q: %d members, %d wanted: %v", raw, len(o), len(want), err)
		}
		for k, v := range want {
			if string(o[k]) != string(v) {
				t.Fatalf("%q: %q is %q, want %q", raw, k, o[k], v)
			}
		}
	})
}
