package engine

import (
	"strings"
	"testing"

	"postern"
	"postern/provider"
)

// TestWhichPartARowIsAbout: by the receiver where the bill names it, else by the amount, each part once; what nobody of ours explains stays unknown.
func TestWhichPartARowIsAbout(t *testing.T) {
	receipt := postern.Receipt{MerchantID: "mer_1", CredentialSetID: "crs_1"}
	id := func(account string) string { return postern.ReceiverID("mer_1", "crs_1", "userId", account) }
	part := func(account string, amount int64) postern.SharePart {
		return postern.SharePart{ReceiverID: id(account), Kind: "userId", Amount: amount}
	}
	two := []postern.Share{{ID: "shr_1", Parts: []postern.SharePart{part("a", 100), part("b", 100)}}, {ID: "shr_2", Parts: []postern.SharePart{part("a", 100)}}}
	told := postern.ShareLine{ShareID: "shr_1", ReceiverID: id("a"), Amount: 100}
	for name, c := range map[string]struct {
		line   provider.StatementLine
		shares []postern.Share
		lines  []postern.ShareLine
		share  string
		to     string
	}{
		"by receiver":                   {provider.StatementLine{Amount: -100, Receiver: "b"}, two, nil, "shr_1", "b"},
		"the second of the same":        {provider.StatementLine{Amount: -100, Receiver: "a"}, two, []postern.ShareLine{told}, "shr_2", "a"},
		"by amount":                     {provider.StatementLine{Amount: -100, ShareNumber: "n"}, two[:1], []postern.ShareLine{told}, "shr_1", "b"},
		"another amount":                {provider.StatementLine{Amount: -99, Receiver: "a"}, two, nil, "", ""},
		"somebody else":                 {provider.StatementLine{Amount: -100, Receiver: "c"}, two, nil, "", ""},
		"ours, and no part fits":        {provider.StatementLine{Amount: -7, ShareNumber: "n"}, two[:1], nil, "shr_1", ""},
		"shared from their console":     {provider.StatementLine{Amount: -100, Receiver: "a"}, nil, nil, "", ""},
		"came back, by receiver":        {provider.StatementLine{Amount: 30, Receiver: "b"}, two, nil, "shr_1", "b"},
		"came back, one part":           {provider.StatementLine{Amount: 30, ShareNumber: "n"}, two[1:], nil, "shr_2", "a"},
		"came back, who of two unknown": {provider.StatementLine{Amount: 30, ShareNumber: "n"}, two[:1], nil, "shr_1", ""},
	} {
		to := ""
		if c.to != "" {
			to = id(c.to)
		}
		if share, receiver := partOf(receipt, c.line, c.shares, c.lines); share != c.share || receiver != to {
			t.Errorf("%s: share %q, receiver %q", name, share, receiver)
		}
	}
}

// TestRowsThatSayTheSameAreTwo: the key of a row is the same in every reading of its bill, and another one for the second of two rows that say the same.
func TestRowsThatSayTheSameAreTwo(t *testing.T) {
	row := provider.StatementLine{ShareNumber: "n", Amount: -100, Currency: "CNY"}
	first, again := shareBill{nth: map[string]int{}}, shareBill{nth: map[string]int{}}
	one, two := first.key(row), first.key(row)
	row.Columns = []string{"a note that the provider wrote anew"}
	if one == two || one != again.key(row) || two != again.key(row) {
		t.Error("keys differ between readings, or do not tell two rows apart")
	}
}

// TestNamesAreMaskedHoweverTheyAreWritten: plain in JSON, and as a form writes it.
func TestNamesAreMaskedHoweverTheyAreWritten(t *testing.T) {
	s := sharing{receivers: []postern.ShareReceiver{{Name: `张三 "&`}}}
	for _, kept := range []string{`{"name":"张三 \"&"}`, `biz=%7B%22name%22%3A%22%E5%BC%A0%E4%B8%89+%5C%22%26%22%7D`, `%22%E5%BC%A0%E4%B8%89%20%5C%22%26%22`} {
		got := s.masked(provider.ShareResult{Exchange: provider.Exchange{Request: kept, Response: kept}})
		if want := `"[redacted]"`; !strings.Contains(got.Exchange.Request, want) || !strings.Contains(got.Exchange.Response, want) {
			t.Errorf("%s is kept as %s", kept, got.Exchange.Request)
		}
	}
}
