package api_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the generated document to openapi.json")

// document fetches the OpenAPI document as a merchant's developer would: without a key.
func (b *bench) document() []byte {
	b.Helper()
	a := b.get("/v1/openapi.json", "Authorization", "")
	if a.Status != http.StatusOK {
		b.Fatalf("%d %s", a.Status, a.Body)
	}
	var out bytes.Buffer
	if err := json.Indent(&out, bytes.TrimSpace(a.Body), "", " "); err != nil {
		b.Fatal(err)
	}
	out.WriteByte('\n')
	return out.Bytes()
}

func TestTheCommittedDocumentIsTheServedOne(t *testing.T) {
	b := newBench(t)
	got := b.document()
	if *update {
		if err := os.WriteFile("openapi.json", got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile("openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error("openapi.json is not what the API serves: go test ./api -run Document -update, and look at the difference")
	}
}

func TestTheDocumentIsWholeAndPlain(t *testing.T) {
	b := newBench(t)
	var d object
	if err := json.Unmarshal(b.document(), &d); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(d.text("openapi"), "3.1") {
		t.Errorf("version %s", d.text("openapi"))
	}
	operations := 0
	for path, item := range d.object("paths") {
		for method, raw := range item.(map[string]any) {
			o := object(raw.(map[string]any))
			operations++
			where := strings.ToUpper(method) + " " + path
			if o.text("summary") == "" || o.text("description") == "" || o.text("operationId") == "" {
				t.Errorf("%s is not described", where)
			}
			want := []string{"401", "403", "404", "422", "500", "503"}
			if method != "get" {
				want = append(want, "400", "413", "415")
			}
			responses := o.object("responses")
			for _, status := range want {
				if responses.object(status).object("content").object("application/problem+json") == nil {
					t.Errorf("%s does not document the problem of %s", where, status)
				}
			}
			for status := range responses {
				r := responses.object(status)
				if r.text("description") == "" || strings.HasPrefix(status, "2") && r.object("content").object("application/json") == nil {
					t.Errorf("%s: %s is not described: %v", where, status, r)
				}
			}
		}
	}
	if operations < 30 {
		t.Errorf("%d operations", operations)
	}
	create := d.object("paths").object("/v1/payments").object("post")
	if create.object("responses").object("409") == nil || d.object("paths").object("/v1/payments/{id}/attempts").object("post").object("responses").object("202") == nil {
		t.Error("create-payment lacks 409 or create-attempt lacks 202")
	}
	body := d.object("components").object("schemas").object("PaymentBody")
	if body["additionalProperties"] != false || !slices.Contains(body["required"].([]any), any("reference")) {
		t.Errorf("PaymentBody %v", body)
	}
}
