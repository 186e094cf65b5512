package drill

import (
	"context"
	"fmt"
	"testing"
	"time"
)

func TestX(t *testing.T) {
	m, err := LoadMarket("2014")
	if err != nil {
		t.Fatal(err)
	}
	m.Seed = 2014
	if v := testDays; v > 0 {
		m.Set("days", int64(v))
	}
	s := time.Now()
	w := newWorld(m, founding)
	fmt.Println("compile", time.Since(s))
	s = time.Now()
	p, err := w.play(context.Background(), nil)
	fmt.Println("play", time.Since(s), err, p.orders)
	for i, sc := range w.scenes {
		y := p.tallies[i]
		var paid int64
		for _, x := range y.paid {
			paid += x.Amount
		}
		fmt.Println(sc.name, "paid", paid/1e10, "M; by", y.by, "shut end", y.shut[w.days-1], y.paid[:5])
	}
}

var testDays = 0
