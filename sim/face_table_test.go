package sim_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"postern/provider/alipay/wire"
)

var faceWord = regexp.MustCompile(`"(?:trade_status|sub_code)":"([^"]+)"`)

// listen notes the words of every answer that the facade gives.
func (m *mirror) listen(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		kept := httptest.NewRecorder()
		h.ServeHTTP(kept, r)
		for _, found := range faceWord.FindAllSubmatch(kept.Body.Bytes(), -1) {
			m.words[string(found[1])] = true
		}
		for name, values := range kept.Header() {
			w.Header()[name] = values
		}
		w.WriteHeader(kept.Code)
		_, _ = w.Write(kept.Body.Bytes())
	})
}

// unheard are the business codes that no story can bring about, because the connector does not send what they answer. Each has its own test, or says why there is none.
var unheard = map[string]string{
	"ACQ.ACCESS_FORBIDDEN":                 "no wallet is open at all: the mirror's merchant has one",
	"ACQ.NOW_TIME_AFTER_EXPIRE_TIME_ERROR": "the connector refuses an order that has expired before it sends it",
	"ACQ.PAYMENT_AUTH_CODE_INVALID":        "scanned codes of other wallets cannot be mirrored; the golden exchanges have them",
	"ACQ.PAYMENT_FAIL":                     "as above",
	"ACQ.INVALID_PARAMETER":                "the connector checks its fields itself",
	"ACQ.REFUND_AMT_NOT_EQUAL_TOTAL":       "the connector sends no refund above the order's amount",
	"ACQ.TRADE_CANCEL_TIME_OUT":            "the connector asks for no cancel after a day",
	"ACQ.SELLER_NOT_EXIST":                 "the connector names no seller",
}

// everyWord fails for a word of the table (mapping.go) that no story brought onto the wire, for a business code of the facade's that none did, and for one that the table does
// not know, so that a state added to the table cannot stay without a story.
func everyWord(t *testing.T, heard map[string]bool) {
	t.Helper()
	folder := filepath.Join("..", "provider", "alipay")
	table := literals(t, filepath.Join(folder, "mapping.go"))
	for _, state := range table.states {
		if !heard[state] {
			t.Errorf("no story saw %s", state)
		}
	}
	if len(table.states) < 4 {
		t.Errorf("the table of states has %v: it was not read", table.states)
	}
	files, err := filepath.Glob(filepath.Join(folder, "facade*.go"))
	must(t, err)
	said := map[string]bool{}
	for _, file := range files {
		for text := range literals(t, file).texts {
			if code := strings.TrimPrefix(text, "aop."); strings.HasPrefix(code, "ACQ.") {
				said[text] = true
				if !table.words[strings.TrimPrefix(code, "ACQ.")] {
					t.Errorf("the facade says %s, and the table does not know it", text)
				}
			}
		}
	}
	for code := range said {
		if why := unheard[code]; heard[code] == (why != "") {
			t.Errorf("%s: heard in a story %v, and the reason why it cannot be is %q", code, heard[code], why)
		}
	}
	if len(said) < 15 {
		t.Errorf("the facade says only %v: its files were not read", said)
	}
}

// source is what the test reads of a Go file.
type source struct {
	states []string        // keys of tradeStates, as on the wire
	texts  map[string]bool // its string literals
	words  map[string]bool // their words
}

func literals(t *testing.T, path string) source {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
	must(t, err)
	names := map[string]string{"WaitBuyerPay": wire.WaitBuyerPay, "TradeSuccess": wire.TradeSuccess, "TradeFinished": wire.TradeFinished, "TradeClosed": wire.TradeClosed}
	out := source{texts: map[string]bool{}, words: map[string]bool{}}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.BasicLit:
			if text, err := strconv.Unquote(n.Value); err == nil && n.Kind == token.STRING {
				out.texts[text] = true
				for _, word := range strings.Fields(text) {
					out.words[word] = true
				}
			}
		case *ast.ValueSpec:
			if n.Names[0].Name != "tradeStates" {
				return true
			}
			for _, e := range n.Values[0].(*ast.CompositeLit).Elts {
				if key, ok := e.(*ast.KeyValueExpr).Key.(*ast.SelectorExpr); ok && names[key.Sel.Name] != "" {
					out.states = append(out.states, names[key.Sel.Name])
				} else {
					t.Errorf("%s: a state that this test cannot name", path)
				}
			}
		}
		return true
	})
	return out
}
