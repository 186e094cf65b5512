package drill

import (
	"bufio"
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"postern"
)

//go:embed data/*.jsonl
var marketFiles embed.FS

// Assumption is one number of a market: what it means, what it rests on, and what it may be set to. Money is in minor units, dates are written as 20140213.
type Assumption struct {
	Key   string `json:"key"`
	Value int64  `json:"value"`
	Min   int64  `json:"min"`
	Max   int64  `json:"max"`
	Unit  string `json:"unit,omitempty"` // fen, bp, date, days, steps, or empty for a plain number
	EN    string `json:"en"`
	ZH    string `json:"zh"`
	// Mark is founding, attested_once, attested_twice or assumed.
	Mark string `json:"mark"`
	// Set says that somebody gave the number another value than the market's own.
	Set bool `json:"set,omitempty"`
}

// Wallet is one provider of a market, with the products that its buyers' phones can open. The first is the one that closes.
type Wallet struct {
	Wallet   string   `json:"wallet"`
	Products []string `json:"products"`
}

// Market is a synthetic market: nothing in it is hidden, all of it is drawn from its assumptions and a seed.
type Market struct {
	Name string `json:"name"`
	Seed int64  `json:"seed"`
	// Places are the containers: the app in which the shops sell, and the browser outside of it.
	Places []string `json:"places"`
	// Events are those of the wall map's timeline that belong to the story.
	Events      []string     `json:"events"`
	Wallets     []Wallet     `json:"wallets"`
	Assumptions []Assumption `json:"assumptions"`
}

// maxWallets bounds what a buyer's wallets fit in: one bit each.
const maxWallets = 8

// LoadMarket reads a market that is built in, by its name.
func LoadMarket(name string) (*Market, error) {
	file, err := marketFiles.ReadFile("data/" + name + ".jsonl")
	if err != nil {
		return nil, postern.Invalid("market", postern.CodeInvalid, "there is no market of that name", "ask for "+strings.Join(MarketNames(), ", "))
	}
	m := &Market{Name: name, Seed: 1}
	lines := bufio.NewScanner(bytes.NewReader(file))
	for n := 1; lines.Scan(); n++ {
		if text := bytes.TrimSpace(lines.Bytes()); len(text) > 0 && !bytes.HasPrefix(text, []byte("//")) {
			if err := m.line(text); err != nil {
				return nil, fmt.Errorf("%s:%d: %w", name, n, err)
			}
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return m, nil
}

// MarketNames lists the markets that are built in.
func MarketNames() []string {
	entries, err := marketFiles.ReadDir("data")
	if err != nil {
		panic(fmt.Sprintf("drill: the embedded markets: %v", err)) // They are part of the binary.
	}
	var names []string
	for _, e := range entries {
		names = append(names, strings.TrimSuffix(e.Name(), ".jsonl"))
	}
	return names
}

func (m *Market) line(text []byte) error {
	var l struct {
		Wallet
		Assumption
		Places []string `json:"places"`
		Events []string `json:"events"`
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&l); err != nil {
		return fmt.Errorf("a market's line: %w", err)
	}
	if len(l.Places) == places || len(l.Events) > 0 {
		m.Places, m.Events = append(m.Places, l.Places...), append(m.Events, l.Events...)
		return nil
	}
	if l.Wallet.Wallet != "" {
		m.Wallets = append(m.Wallets, l.Wallet)
		return nil
	}
	if _, twice := m.find(l.Key); twice {
		return fmt.Errorf("%s is written twice", l.Key)
	}
	m.Assumptions = append(m.Assumptions, l.Assumption)
	return nil
}

func (m *Market) find(key string) (int, bool) {
	i := slices.IndexFunc(m.Assumptions, func(a Assumption) bool { return a.Key == key })
	return i, i >= 0
}

// Set gives one assumption another value.
func (m *Market) Set(key string, value int64) error {
	i, known := m.find(key)
	if !known {
		return postern.Invalid("assume", postern.CodeInvalid, "the market has no such assumption", "use a key that the report lists")
	}
	a := &m.Assumptions[i]
	if value < a.Min || value > a.Max {
		return postern.Invalid("assume", postern.CodeInvalid, key+" lies outside of what makes sense", fmt.Sprintf("give %d to %d", a.Min, a.Max))
	}
	if a.Unit == "date" {
		if _, ok := dateOf(value); !ok {
			return postern.Invalid("assume", postern.CodeInvalid, key+" is not a day", "write a day as 20140213")
		}
	}
	a.Set = a.Set || a.Value != value
	a.Value = value
	return nil
}

// value reads an assumption that the code itself names; one that the data forgot is a mistake of ours.
func (m *Market) value(key string) int64 {
	i, known := m.find(key)
	if !known {
		panic("drill: the market " + m.Name + " has no assumption " + key)
	}
	return m.Assumptions[i].Value
}

func (m *Market) date(key string) time.Time {
	t, _ := dateOf(m.value(key))
	return t
}

// dateOf reads 20140213 as midnight in Beijing.
func dateOf(value int64) (time.Time, bool) {
	t, err := time.ParseInLocation("20060102", fmt.Sprint(value), postern.Beijing)
	return t, err == nil
}

// Shops is how many of the accounts sell.
func (m *Market) Shops() int64 { return m.value("accounts") * m.value("shops_bp") / bpFull }

// MonthlyOrders is what all shops together sell in a month.
func (m *Market) MonthlyOrders() int64 { return m.Shops() * m.value("monthly") / m.value("order") }

// Text writes an assumption's value for people.
func (a Assumption) Text() string {
	switch a.Unit {
	case "fen":
		return postern.FormatMoney(a.Value, "CNY")
	case "bp":
		return Percent(a.Value)
	case "date":
		t, _ := dateOf(a.Value)
		return t.Format(time.DateOnly)
	}
	return Thousands(a.Value)
}

// Percent writes hundredths of a per cent.
func Percent(bp int64) string {
	sign := ""
	if bp < 0 {
		sign, bp = "-", -bp
	}
	switch {
	case bp%100 == 0:
		return fmt.Sprintf("%s%d %%", sign, bp/100)
	case bp%10 == 0:
		return fmt.Sprintf("%s%d.%d %%", sign, bp/100, bp%100/10)
	}
	return fmt.Sprintf("%s%d.%02d %%", sign, bp/100, bp%100)
}

// Thousands writes a number with its thousands set apart.
func Thousands(n int64) string {
	if n < 0 {
		return "-" + Thousands(-n)
	}
	if n < 1_000 {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%s,%03d", Thousands(n/1_000), n%1_000)
}
