package postern_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"postern/webhook"
)

// snippet is one language of docs/webhooks.md: how to make a program of it that prints what verify says of each case.
type snippet struct {
	language string
	file     string
	run      []string
	require  string // the word of POSTERN_REQUIRE that turns a skip into a failure
	program  func(code string, cases []hookCase) string
}

// hookCase is one message with what verify must say of it.
type hookCase struct {
	ID, At, Signature, Body, Secret string
	Good                            bool
}

var snippets = []snippet{
	{"go", "main.go", []string{"go", "run"}, "", func(code string, cases []hookCase) string {
		main := "package main\n\nimport (\"crypto/hmac\"; \"crypto/sha256\"; \"encoding/base64\"; \"fmt\"; \"net/http\"; \"slices\"; \"strconv\"; \"strings\"; \"time\")\n\n" + code + "\nfunc main() {\n"
		for _, c := range cases {
			main += fmt.Sprintf("\tfmt.Println(verify(http.Header{\"Webhook-Id\": {%q}, \"Webhook-Timestamp\": {%q}, \"Webhook-Signature\": {%q}}, []byte(%q), %q))\n", c.ID, c.At, c.Signature, c.Body, c.Secret)
		}
		return main + "}\n"
	}},
	{"python", "main.py", []string{"python3"}, "python", func(code string, cases []hookCase) string {
		for _, c := range cases {
			code += fmt.Sprintf("\nprint(str(verify({'Webhook-Id': %q, 'Webhook-Timestamp': %q, 'Webhook-Signature': %q}, %q.encode(), %q)).lower())", c.ID, c.At, c.Signature, c.Body, c.Secret)
		}
		return code
	}},
	{"js", "main.js", []string{"node"}, "node", func(code string, cases []hookCase) string {
		for _, c := range cases {
			code += fmt.Sprintf("\nconsole.log(verify({'webhook-id': %q, 'webhook-timestamp': %q, 'webhook-signature': %q}, Buffer.from(%q), %q));", c.ID, c.At, c.Signature, c.Body, c.Secret)
		}
		return code
	}},
	{"php", "main.php", []string{"php"}, "php", func(code string, cases []hookCase) string {
		code = "<?php\n" + code
		for _, c := range cases {
			code += fmt.Sprintf("\necho json_encode(verify(['Webhook-Id' => '%s', 'Webhook-Timestamp' => '%s', 'Webhook-Signature' => '%s'], '%s', '%s')), \"\\n\";", c.ID, c.At, c.Signature, c.Body, c.Secret)
		}
		return code
	}},
}

// hookCases are signed by the code that signs real messages.
func hookCases(t *testing.T) []hookCase {
	t.Helper()
	now, body := time.Now(), `{"id": "evt_1", "type": "payment.paid"}`
	secrets := make([]string, 2)
	for i := range secrets {
		var err error
		if secrets[i], err = webhook.NewSecret(strings.NewReader(strings.Repeat(string(rune('a'+i)), 64))); err != nil {
			t.Fatal(err)
		}
	}
	sign := func(at time.Time, secret ...string) hookCase {
		signature, err := webhook.Sign("evt_1", at, []byte(body), secret...)
		if err != nil {
			t.Fatal(err)
		}
		return hookCase{ID: "evt_1", At: fmt.Sprint(at.Unix()), Signature: signature, Body: body, Secret: secrets[0]}
	}
	good, rotated, old, foreign := sign(now, secrets[0]), sign(now, secrets[1], secrets[0]), sign(now.Add(-time.Hour), secrets[0]), sign(now, secrets[1])
	good.Good, rotated.Good = true, true
	changed, renamed := good, good
	changed.Body, changed.Good = strings.Replace(body, "paid", "sent", 1), false
	renamed.ID, renamed.Good = "evt_2", false
	return []hookCase{good, rotated, old, foreign, changed, renamed}
}

// TestWebhookSnippets runs the programs of docs/webhooks.md against messages that this switch signs: good, with two signatures, old, foreign, changed.
func TestWebhookSnippets(t *testing.T) {
	document, err := os.ReadFile(filepath.Join("docs", "webhooks.md"))
	if err != nil {
		t.Fatal(err)
	}
	cases := hookCases(t)
	for _, s := range snippets {
		t.Run(s.language, func(t *testing.T) {
			found := regexp.MustCompile("(?s)```" + s.language + "\n(.*?)```").FindSubmatch(document)
			if found == nil {
				t.Fatal("the document has no such program")
			}
			if _, err := exec.LookPath(s.run[0]); err != nil {
				if s.require != "" && strings.Contains(os.Getenv("POSTERN_REQUIRE"), s.require) {
					t.Fatal(err)
				}
				t.Skip(err)
			}
			file := filepath.Join(t.TempDir(), s.file)
			if err := os.WriteFile(file, []byte(s.program(string(found[1]), cases)), 0o600); err != nil {
				t.Fatal(err)
			}
			out, err := exec.Command(s.run[0], append(s.run[1:], file)...).CombinedOutput()
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			lines := strings.Fields(string(out))
			for i, c := range cases {
				if len(lines) != len(cases) || lines[i] != fmt.Sprint(c.Good) {
					text, _ := json.Marshal(c)
					t.Errorf("case %d: says %v, want %v\n%s", i, lines, c.Good, text)
				}
			}
		})
	}
}
