package wall

import (
	"fmt"
	"io/fs"
	"slices"
)

// The kinds of products. Only online ones are offered to a buyer who opened a page.
const (
	KindOnline      = ""            // the buyer pays from a page
	KindCounter     = "counter"     // the seller's till or a code on paper: the buyer's container plays no part, or is the scanner
	KindNativeApp   = "native_app"  // from the seller's own app
	KindMarketplace = "marketplace" // the host's own checkout takes this wallet
)

// Product is a provider's product by its names; a line without a product names the provider itself. A code without a connector is valid.
type Product struct {
	Provider string `json:"provider"`
	Product  string `json:"product,omitempty"`
	ZH       string `json:"zh"`
	EN       string `json:"en"`
	Kind     string `json:"kind,omitempty"`
	// Since is the first moment at which the map answers for the product: before it nothing is known. Common knowledge, not sourced.
	Since Moment `json:"since,omitzero"`
	Note  string `json:"note,omitempty"`
}

// Products lists the products in the order of the data, without the lines that name providers.
func (m *Map) Products() []Product { return slices.Clone(m.products) }

// Provider returns what a provider is called, and false for a code that the map does not know.
func (m *Map) Provider(code string) (Product, bool) {
	p, known := m.providers[code]
	return p, known
}

func (m *Map) loadProducts(fsys fs.FS) error {
	return eachLine(fsys, "products.jsonl", m.addProduct)
}

func (m *Map) addProduct(p Product) error {
	if !isCode(p.Provider) || p.Product != "" && !isCode(p.Product) {
		return fmt.Errorf("provider %q, product %q: use lower-case letters, digits and hyphens", p.Provider, p.Product)
	}
	if p.ZH == "" || p.EN == "" {
		return fmt.Errorf("zh, en: write the name in both languages")
	}
	if !slices.Contains([]string{KindOnline, KindCounter, KindNativeApp, KindMarketplace}, p.Kind) {
		return fmt.Errorf("kind %q: use counter, native_app or marketplace, or leave it out", p.Kind)
	}
	_, known := m.providers[p.Provider]
	if p.Product == "" {
		if known {
			return fmt.Errorf("provider %q is written twice: remove one line", p.Provider)
		}
		m.providers[p.Provider] = p
		return nil
	}
	if !known {
		return fmt.Errorf("provider %q: name the provider on a line above, without a product", p.Provider)
	}
	key := productKey{p.Provider, p.Product}
	if _, twice := m.productOf[key]; twice {
		return fmt.Errorf("product %s %s is written twice: remove one line", p.Provider, p.Product)
	}
	m.productOf[key] = len(m.products)
	m.products = append(m.products, p)
	return nil
}
