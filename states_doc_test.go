package postern_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postern"
)

var update = flag.Bool("update", false, "write the generated documents instead of checking them")

// golden holds a generated document against the file, or writes the file.
func golden(t *testing.T, name, want string) {
	t.Helper()
	path := filepath.Join("docs", name)
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v; make it with: make generate", err)
	}
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("%s is not what the tables say; make it again with: make generate\n(-want +file)\n%s", path, diff)
	}
}

const statesHead = `# States

Generated from the tables in [states.go](../states.go) by ` + "`make generate`" + `; a test fails when the two differ. What is not in a table cannot happen.

Reading: an arrow is labelled with the trigger. Thick borders mark the states that nothing leaves. Every other state yields to proof of money, and only to that.
`

// TestStatesDocument writes or checks docs/states.md.
func TestStatesDocument(t *testing.T) {
	var b strings.Builder
	b.WriteString(statesHead)
	section(t, &b, "Payment", postern.PaymentStates, "Close and cancel are intents (a time and a job), not states: a payment past `expires_at` or with a cancel requested takes no new attempt, closes its live ones, and turns when none is live.")
	section(t, &b, "Attempt", postern.AttemptStates, "Live are sending, pending and unknown. Unknown never becomes failed for want of an answer: a query, a notification or a statement settles it.")
	section(t, &b, "Refund", postern.RefundStates, "An unknown refund keeps its reservation and its number; sending it again with the same number refunds once. Stuck keeps its reservation too: two persons resolve it, or the provider's word. What the merchant gives back outside the provider is reserved until a second person agrees, and never sent.")
	section(t, &b, "Share", postern.ShareStates, "An unknown share keeps its reservation and its number; it is asked about before it is sent again. Where several receivers were to get parts and one never will, the share failed, and what the others got stays given.")
	section(t, &b, "Surplus", postern.SurplusStates, "Money beyond what the payment asked for. Duplicate and late money is given back at once by default, a wrong amount waits for a person; the merchant's policy may differ.")
	golden(t, "states.md", b.String())
}

// section writes one table as a diagram, as rows and as JSON.
func section[S ~string](t *testing.T, b *strings.Builder, title string, table postern.Table[S], note string) {
	t.Helper()
	fmt.Fprintf(b, "\n## %s\n\n%s\n\n```mermaid\nstateDiagram-v2\n    [*] --> %s\n", title, note, table.Initial)
	for _, m := range table.Moves {
		fmt.Fprintf(b, "    %s --> %s: %s\n", m.From, m.To, m.On)
	}
	for _, s := range table.Absorbing {
		fmt.Fprintf(b, "    class %s absorbing\n", s)
	}
	b.WriteString("    classDef absorbing stroke-width:4px\n```\n\n| from | trigger | to | why |\n|---|---|---|---|\n")
	for _, m := range table.Moves {
		fmt.Fprintf(b, "| %s | %s | %s | %s |\n", m.From, m.On, m.To, m.Why)
	}
	// One move a line, so that a change of the table is a change of as many lines.
	states, err := json.Marshal(table.Order)
	if err != nil {
		t.Fatal(err)
	}
	absorbing, err := json.Marshal(table.Absorbing)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(b, "\n<details><summary>The same as JSON</summary>\n\n```json\n{\"name\": %q, \"initial\": %q, \"states\": %s, \"absorbing\": %s, \"moves\": [\n", table.Name, table.Initial, states, absorbing)
	for i, m := range table.Moves {
		line, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		comma := ","
		if i == len(table.Moves)-1 {
			comma = ""
		}
		fmt.Fprintf(b, "  %s%s\n", line, comma)
	}
	b.WriteString("]}\n```\n\n</details>\n")
}

// TestTablesAreWhole checks what the document promises: every state is listed and reached, absorbing states are left by nothing, and a trigger leads from one
// state to one state.
func TestTablesAreWhole(t *testing.T) {
	whole(t, postern.PaymentStates)
	whole(t, postern.AttemptStates)
	whole(t, postern.RefundStates)
	whole(t, postern.ShareStates)
	whole(t, postern.SurplusStates)
}

func whole[S ~string](t *testing.T, table postern.Table[S]) {
	t.Helper()
	reached, seen := map[S]bool{table.Initial: true}, map[string]bool{}
	for _, m := range table.Moves {
		if !slices.Contains(table.Order, m.From) || !slices.Contains(table.Order, m.To) {
			t.Errorf("%s: %s to %s names a state that is not listed", table.Name, m.From, m.To)
		}
		if slices.Contains(table.Absorbing, m.From) {
			t.Errorf("%s: %s is absorbing, yet %q leads out of it", table.Name, m.From, m.On)
		}
		if key := string(m.From) + " " + m.On; seen[key] {
			t.Errorf("%s: %s is in the table twice", table.Name, key)
		} else {
			seen[key] = true
		}
		reached[m.To] = true
	}
	for _, s := range table.Order {
		if !reached[s] {
			t.Errorf("%s: nothing leads to %s", table.Name, s)
		}
	}
}
