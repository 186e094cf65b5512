package wall_test

import (
	"strings"
	"testing"

	"postern/wall"
)

// TestScannedCodes: the beginning and the length of a scanned number say whose it is; what is no payment code is nobody's.
func TestScannedCodes(t *testing.T) {
	m := wall.Default()
	for code, want := range map[string]string{
		"100000000000000000": "wechatpay", "159999999999999999": "wechatpay", " 134567890123456789\n": "wechatpay",
		"16000000000000000": "", "1000000000000000000": "", "160000000000000000": "",
		"2500000000000000": "alipay", "302345678901234567890123": "alipay", "281234567890123456": "alipay", "3100000000000000": "",
		"6212345678901234567": "unionpay", "621234567890123456": "", "": "", "12": "", "fp0123456789012345678901234567890123": "", "10000000000000000x": "",
	} {
		got := m.CodeOf(code)
		if got == nil || strings.Join(got, " ") != want {
			t.Errorf("%q is %q, want %q", code, got, want)
		}
	}
	if len(m.Codes()) < 3 {
		t.Error("ranges are missing")
	}
}

func FuzzScannedCode(f *testing.F) {
	for _, s := range []string{"", "100000000000000000", "6212345678901234567", "25\x00"} {
		f.Add(s)
	}
	m := wall.Default()
	f.Fuzz(func(t *testing.T, code string) {
		if got := m.CodeOf(code); got == nil || len(got) > 0 && strings.Trim(strings.TrimSpace(code), "0123456789") != "" {
			t.Errorf("%q is %q", code, got)
		}
	})
}
